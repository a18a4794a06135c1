"""The edge's configuration: public routes, limits, clusters, and that Envoy accepts it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.certificates import Authority
from kernel.http.server import KEEP_ALIVE_SECONDS
from kernel.settings import SettingsError, load
from mesh.addresses import load_addresses
from mesh.edge.config import render, routes
from mesh.edge.contract import methods
from mesh.edge.listeners import listeners, sends_to_https
from mesh.edge.process import write_configuration
from mesh.edge.settings import EdgeSettings
from mesh.services import SERVICES

PUBLIC = {
    "/chatly.auth.v1.AuthService/Register",
    "/chatly.auth.v1.AuthService/Login",
    "/chatly.auth.v1.AuthService/Refresh",
    "/chatly.auth.v1.AuthService/GetJwks",
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/.well-known/jwks.json",
    # The HTTP API of media requires a token or a signed link itself.
    "/api/uploads/",
}


@pytest.fixture
def edge() -> EdgeSettings:
    return load(EdgeSettings, {})


def test_only_the_listed_routes_are_public(edge: EdgeSettings) -> None:
    assert {route.value for route in routes(edge) if not route.token} == PUBLIC


def test_every_method_for_users_has_a_route_and_none_for_services_has_one(edge: EdgeSettings) -> None:
    paths = {route.value for route in routes(edge)}

    assert all((method.path in paths) is not method.internal for method in methods())


def test_streams_have_no_timeout(edge: EdgeSettings) -> None:
    streaming = {route.value for route in routes(edge) if route.streaming}

    assert "/chatly.messaging.v1.MessagingService/Subscribe" in streaming
    assert "/chatly.presence.v1.PresenceService/Connect" in streaming


def test_every_other_call_and_every_silent_connection_has_an_end() -> None:
    configuration = yaml.safe_load(rendered({"CHATLY_EDGE_CALL_SECONDS": "40", "CHATLY_EDGE_IDLE_SECONDS": "30"}))
    listener = configuration["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    to_services = [
        route["route"]
        for route in manager["route_config"]["virtual_hosts"][0]["routes"]
        if route.get("route", {}).get("cluster", "web") != "web"
    ]
    unary = [route for route in to_services if route["timeout"] != "0s"]

    assert manager["common_http_protocol_options"]["idle_timeout"] == "30s"
    assert len(unary) > len(methods()) / 2
    assert {route["max_stream_duration"]["max_stream_duration"] for route in unary} == {"40s"}
    # A value of 0 is no limit.
    assert {route["idle_timeout"] for route in unary} == {"35s"}


def test_the_edge_has_a_limit_of_its_memory() -> None:
    manager = yaml.safe_load(rendered({"CHATLY_EDGE_HEAP_BYTES": "5000000"}))["overload_manager"]
    monitors = {monitor["name"]: monitor["typed_config"] for monitor in manager["resource_monitors"]}

    assert monitors["envoy.resource_monitors.fixed_heap"]["max_heap_size_bytes"] == 5_000_000
    assert {action["name"].rpartition(".")[2] for action in manager["actions"]} >= {
        "reset_high_memory_stream",
        "stop_accepting_connections",
    }


def test_registering_logging_in_sending_and_uploading_are_limited_on_every_path(edge: EdgeSettings) -> None:
    limited = {route.value for route in routes(edge) if route.limit}

    assert limited >= {"/.well-known/jwks.json", "/chatly.auth.v1.AuthService/GetJwks"}
    assert limited >= {"/api/auth/register", "/api/auth/login", "/api/messages/[^/]+", "/api/upload/message"}
    assert limited >= {"/chatly.messaging.v1.MessagingService/SendMessage", "/chatly.media.v1.MediaService/Upload"}


def test_a_path_without_variables_is_matched_before_one_with_variables(edge: EdgeSettings) -> None:
    order = [route.value for route in routes(edge)]

    assert order.index("/api/users/search") < order.index("/api/users/[^/]+")


def test_other_origins_are_allowed_only_when_named() -> None:
    origin = "https://chat.example.org"

    assert "allow_origin_string_match: []" in rendered()
    assert origin in rendered({"CHATLY_EDGE_CORS_ORIGINS": origin})


def test_several_addresses_of_a_service_become_several_endpoints() -> None:
    clusters = clusters_of({"CHATLY_MESSAGING_ADDRESS": "10.0.0.1:1, 10.0.0.2:2"})

    assert len(clusters["messaging"]["load_assignment"]["endpoints"][0]["lb_endpoints"]) == 2


def test_the_edge_closes_idle_connections_before_the_servers_do() -> None:
    clusters = clusters_of({})
    for name in ("auth_http", "media_http", "web"):
        (options,) = clusters[name]["typed_extension_protocol_options"].values()
        idle = options["common_http_protocol_options"]["idle_timeout"]

        assert float(idle.removesuffix("s")) < KEEP_ALIVE_SECONDS


def test_the_metrics_port_serves_nothing_else_of_the_admin_page() -> None:
    resources = yaml.safe_load(rendered({"CHATLY_EDGE_METRICS_PORT": "9902"}))["static_resources"]
    listeners = {listener["name"]: listener for listener in resources["listeners"]}
    manager = listeners["metrics"]["filter_chains"][0]["filters"][0]["typed_config"]
    offered = manager["route_config"]["virtual_hosts"][0]["routes"]

    assert [route["match"]["path"] for route in offered] == ["/stats/prometheus", "/ready"]
    assert "name: metrics" not in rendered()


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("tls", [False, True])
def test_envoy_accepts_the_configuration(tmp_path: Path, *, tls: bool, watched: bool) -> None:
    environ = {"CHATLY_EDGE_METRICS_PORT": "9902"}
    if tls:
        environ |= certified(tmp_path)
    edge = load(EdgeSettings, environ)
    configuration = tmp_path / "envoy.yaml"
    configuration.write_text(rendered(environ))
    if watched:
        write_configuration(edge, load_addresses(environ), tmp_path)

    validate(configuration)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1"])
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CHATLY_EDGE_TRUSTED_PROXIES": "10.0.0.0/8, fd00::1", "CHATLY_EDGE_PROXY_HOPS": "2"},
        # The same prefix twice: as a proxy, and as this machine.
        {"CHATLY_EDGE_TRUSTED_PROXIES": "127.0.0.1"},
        {"CHATLY_EDGE_TRUSTED_PROXIES": "127.0.0.1,::1", "CHATLY_EDGE_PROXY_PROTOCOL": "true"},
        {"CHATLY_EDGE_TRUSTED_PROXIES": "10.0.0.0/8", "CHATLY_EDGE_PROXY_PROTOCOL": "true"},
    ],
    ids=["direct", "proxies", "local proxy", "local PROXY protocol", "PROXY protocol"],
)
def test_envoy_accepts_proxies_on_every_host(tmp_path: Path, host: str, environ: Mapping[str, str]) -> None:
    configuration = tmp_path / "envoy.yaml"
    configuration.write_text(rendered({**environ, **certified(tmp_path), "CHATLY_EDGE_HOST": host}))

    validate(configuration)


def test_an_unusable_prefix_of_a_proxy_is_named() -> None:
    with pytest.raises(SettingsError, match=r"CHATLY_EDGE_TRUSTED_PROXIES must be .* got '10\.0\.0\.1/8'"):
        load(EdgeSettings, {"CHATLY_EDGE_TRUSTED_PROXIES": "10.0.0.1/8"})


def test_the_proxy_protocol_needs_proxies_to_trust() -> None:
    with pytest.raises(SettingsError, match="set CHATLY_EDGE_TRUSTED_PROXIES"):
        listeners(load(EdgeSettings, {"CHATLY_EDGE_PROXY_PROTOCOL": "true"}))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CHATLY_EDGE_HOST": "0.0.0.0"}, True),
        ({"CHATLY_EDGE_HOST": "::"}, True),
        ({"CHATLY_EDGE_HOST": "127.0.0.1"}, False),
        ({"CHATLY_EDGE_HOST": "0.0.0.0", "CHATLY_EDGE_HTTPS_ONLY": "false"}, False),
        ({"CHATLY_EDGE_HOST": "0.0.0.0", "CHATLY_EDGE_TLS_CERTIFICATE": ""}, False),
    ],
    ids=["open", "open to IPv6", "loopback", "turned off", "no certificate"],
)
def test_plain_http_from_other_machines_is_redirected_if_there_is_a_certificate(
    tmp_path: Path, environ: Mapping[str, str], *, expected: bool
) -> None:
    assert sends_to_https(load(EdgeSettings, {**certified(tmp_path), **environ})) is expected


def test_with_a_certificate_every_service_must_show_one_that_names_it(tmp_path: Path) -> None:
    named = {}
    for cluster in clusters_of(certified(tmp_path)).values():
        context = cluster["transport_socket"]["typed_config"]
        (matcher,) = context["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"]
        assert context["sni"] == matcher["matcher"]["exact"]
        named[cluster["name"]] = context["sni"]

    services = ("auth", "messaging", "presence", "media", "web")
    assert named == {name: name for name in services} | {"auth_http": "auth", "media_http": "media"}


def test_the_edge_reaches_every_service_that_has_an_rpc_for_users() -> None:
    targets = {method.target for method in methods() if not method.internal}

    assert {name for name, spec in SERVICES.items() if "grpc" in spec.edge} == targets


def rendered(environ: Mapping[str, str] | None = None) -> str:
    return render(load(EdgeSettings, environ or {}), load_addresses(environ or {}))


def clusters_of(environ: Mapping[str, str]) -> dict[str, Any]:
    """Envoy's clusters by name."""
    resources = yaml.safe_load(rendered(environ))["static_resources"]
    return {cluster["name"]: cluster for cluster in resources["clusters"]}


def certified(folder: Path) -> dict[str, str]:
    """Settings of an edge with certificates on both sides."""
    authority = Authority(folder)
    pair = authority.issue("edge", ["edge"])
    return {
        "CHATLY_EDGE_TLS_CERTIFICATE": str(pair.certificate),
        "CHATLY_EDGE_TLS_KEY": str(pair.key),
        "CHATLY_TLS_CERT_FILE": str(pair.certificate),
        "CHATLY_TLS_KEY_FILE": str(pair.key),
        "CHATLY_TLS_CA_FILE": str(authority.ca),
    }


def validate(configuration: Path) -> None:
    envoy = Path(sys.executable).parent / "envoy"
    done = subprocess.run(
        [envoy, "--mode", "validate", "-c", configuration], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == 0, done.stderr
