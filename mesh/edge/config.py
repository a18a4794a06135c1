"""Renders Envoy's configuration from envoy/envoy.yaml.j2. The embedded mesh and production use the same template."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kernel.settings import SettingsError
from mesh.addresses import Addresses, edge_upstreams
from mesh.edge.contract import DESCRIPTOR_FILE, Method, RestPath, methods
from mesh.edge.listeners import cidr, listeners
from mesh.edge.local_replies import LOCAL_REPLIES
from mesh.edge.settings import EdgeSettings
from mesh.services import SERVICES

TEMPLATE = Path(__file__).parents[2] / "envoy" / "envoy.yaml.j2"
_SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 - a type's name
_KIB = 1024
STATIC_PATH = re.compile(r"^[^{]*$")


def _host_ports(raw: str) -> tuple[tuple[str, int], ...]:
    pairs = (part.strip().rpartition(":") for part in raw.split(","))
    return tuple((host.strip("[]"), int(port)) for host, _, port in pairs)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket per client address (IPv6: per /64). All routes with the same name share the buckets."""

    name: str
    tokens: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the edge. Envoy takes the first route that matches."""

    matcher: str
    """The kind of match: `path`, `regex` or `prefix`."""
    value: str
    cluster: str
    verb: str = ""
    """The HTTP method to match. An empty text matches any method."""
    token: bool = True
    """True if the edge itself requires a valid access token."""
    streaming: bool = False
    limit: RateLimit | None = None
    transcode: bool = True
    multipart: bool = False
    """True if the route matches only requests whose body is multipart/form-data."""
    body_bytes: int = 0
    """The maximum size of a JSON body, in bytes. Envoy holds bodies in memory until they are complete."""


def routes(edge: EdgeSettings) -> list[Route]:
    """Return all routes in order. A method for services only has no route, so the edge answers 404."""
    open_methods = [method for method in methods() if not method.internal]
    # `/api/users/search` must come before `/api/users/{user_id}`, which matches it too.
    rest = sorted(
        ((method, path) for method in open_methods for path in method.rest),
        key=lambda pair: not STATIC_PATH.match(pair[1].template),
    )
    return [
        *_http_api_routes(edge),
        *(_grpc_route(method, edge) for method in open_methods),
        *(_rest_route(method, path, edge) for method, path in rest),
        Route(
            "path",
            "/.well-known/jwks.json",
            "auth_http",
            verb="GET",
            token=False,
            limit=_jwks_limit(edge),
            transcode=False,
        ),
    ]


def _grpc_route(method: Method, edge: EdgeSettings) -> Route:
    limit = _limit(method, edge)
    return Route("path", method.path, method.target, token=not method.public, streaming=method.streaming, limit=limit)


def _rest_route(method: Method, path: RestPath, edge: EdgeSettings) -> Route:
    static = STATIC_PATH.match(path.template) is not None
    return Route(
        "path" if static else "regex",
        path.template if static else path.regex,
        method.target,
        verb=path.verb,
        token=not method.public,
        limit=_limit(method, edge),
        body_bytes=_body_bytes(method),
    )


def _body_bytes(method: Method) -> int:
    if method.name == "UploadPart":
        # The body contains a part of 1 MiB in base64.
        return 3 * 512 * _KIB
    # The longest text takes 48 KB if each of its characters is escaped.
    return (16 if method.public else 128) * _KIB


def _http_api_routes(edge: EdgeSettings) -> list[Route]:
    """Return the routes to media's HTTP API. For downloads, media itself checks tokens and signed links."""
    upload = _upload_limit(edge)
    return [
        Route("path", "/api/upload/message", "media_http", verb="POST", streaming=True, limit=upload, transcode=False),
        Route("path", "/api/profile/me", "media_http", verb="PUT", limit=upload, transcode=False, multipart=True),
        Route("path", "/api/export", "media_http", verb="GET", streaming=True, transcode=False),
        Route("prefix", "/api/uploads/", "media_http", token=False, streaming=True, transcode=False),
    ]


def _limit(method: Method, edge: EdgeSettings) -> RateLimit | None:
    match method.name:
        case "Register":
            return RateLimit("register", edge.register_per_minute, 60)
        case "Login":
            return RateLimit("login", edge.login_per_minute, 60)
        case "Refresh":
            return RateLimit("refresh", edge.refresh_per_minute, 60)
        case "GetJwks":
            return _jwks_limit(edge)
        case "SendMessage":
            return RateLimit("send", edge.send_per_second, 1)
        case "Upload" | "CreateUpload" | "UploadPart" | "CompleteUpload":
            return _upload_limit(edge)
        case _:
            return None


def _jwks_limit(edge: EdgeSettings) -> RateLimit:
    return RateLimit("jwks", edge.jwks_per_minute, 60)


def _upload_limit(edge: EdgeSettings) -> RateLimit:
    return RateLimit("upload", edge.upload_per_minute, 60)


def _collector(edge: EdgeSettings) -> SplitResult | None:
    if not edge.collector:
        return None
    if edge.collector.startswith("https:") and not edge.collector_certificate:
        raise SettingsError("OTEL_EXPORTER_OTLP_CERTIFICATE is not set: Envoy needs the CA of an https collector")
    return urlsplit(edge.collector)


def render(
    edge: EdgeSettings, addresses: Addresses, *, secrets: Path | None = None, access_log: Path | None = None
) -> str:
    """Return Envoy's configuration as YAML.

    `secrets` is the folder of the files that `render_secrets` returns. Without this folder, Envoy reads certificates
    only when it starts. Without the file `access_log`, Envoy writes the access log to its standard output.
    """
    environment = Environment(  # noqa: S701 - the output is YAML, not a page
        loader=FileSystemLoader(TEMPLATE.parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cidr"] = cidr
    all_routes = routes(edge)
    clusters = {name: _host_ports(raw) for name, raw in {**edge_upstreams(addresses), "web": edge.web}.items()}
    return environment.get_template(TEMPLATE.name).render(
        edge=edge,
        listeners=listeners(edge),
        secrets=secrets,
        access_log=access_log,
        routes=all_routes,
        limits=list(dict.fromkeys(route.limit for route in all_routes if route.limit)),
        services=list(dict.fromkeys(method.service for method in methods() if not method.internal)),
        descriptor=str(DESCRIPTOR_FILE),
        local_replies=LOCAL_REPLIES,
        collector=_collector(edge),
        grpc_clusters={name: pairs for name, pairs in clusters.items() if name in SERVICES},
        http_clusters={name: pairs for name, pairs in clusters.items() if name not in SERVICES},
        health_services={name: spec.grpc_services[0] for name, spec in SERVICES.items()},
    )


def render_secrets(edge: EdgeSettings) -> dict[str, str]:
    """Return the files through which Envoy watches certificates, as contents by file name.

    Envoy loads renewed certificates at once.
    """
    pairs = {"edge": (edge.tls_certificate, edge.tls_key), "mesh": (edge.mesh_certificate, edge.mesh_key)}
    secrets = {
        name: {
            "tls_certificate": {
                "certificate_chain": {"filename": certificate},
                "private_key": {"filename": key},
                "watched_directory": {"path": str(Path(certificate).absolute().parent)},
            }
        }
        for name, (certificate, key) in pairs.items()
        if certificate
    }
    if edge.mesh_ca:
        ca = {"filename": edge.mesh_ca}
        watched = {"path": str(Path(edge.mesh_ca).absolute().parent)}
        secrets["mesh_ca"] = {"validation_context": {"trusted_ca": ca, "watched_directory": watched}}
    # JSON is valid YAML.
    return {
        f"{name}.yaml": json.dumps({"resources": [{"@type": _SECRET, "name": name, **secret}]})
        for name, secret in secrets.items()
    }
