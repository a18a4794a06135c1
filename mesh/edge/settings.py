"""Settings of the edge. Processes without Jinja read them too, so this module does not import Jinja."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from kernel.settings import between, env, not_negative, positive, settings
from kernel.telemetry.tracing import check_endpoint

WEB_DIST = Path(__file__).parents[2] / "web" / "dist"


def _check_prefixes(prefixes: Sequence[str]) -> str | None:
    for prefix in prefixes:
        try:
            ipaddress.ip_network(prefix)
        except ValueError as error:
            return f"must be addresses or prefixes such as 10.0.0.0/8, got {prefix!r}: {error}"
    return None


@settings
class EdgeSettings:
    """Ports, limits and certificates of the edge. The services' addresses are in `mesh.addresses`."""

    host: str = env(
        "CHATLY_EDGE_HOST",
        "127.0.0.1",
        help="address that the edge listens on; `0.0.0.0` accepts other machines, `::` also by IPv6",
    )
    port: int = env("CHATLY_EDGE_PORT", 8080, help="port for plain HTTP")
    tls_port: int = env("CHATLY_EDGE_TLS_PORT", 8443, help="port for HTTPS")
    admin_port: int = env("CHATLY_EDGE_ADMIN_PORT", 9901, help="port of Envoy's admin page, on loopback only")
    metrics_port: int = env(
        "CHATLY_EDGE_METRICS_PORT",
        0,
        help="extra port on CHATLY_EDGE_HOST that serves only /stats/prometheus and /ready; 0: none",
    )
    tls_certificate: str = env(
        "CHATLY_EDGE_TLS_CERTIFICATE",
        "",
        help="PEM file of the edge's certificate; empty: `chatly run` generates one, elsewhere no HTTPS",
    )
    tls_key: str = env("CHATLY_EDGE_TLS_KEY", "", help="PEM file of the certificate's key")
    https_only: bool = env(
        "CHATLY_EDGE_HTTPS_ONLY",
        default=True,
        help="with CHATLY_EDGE_TLS_CERTIFICATE and a CHATLY_EDGE_HOST beyond loopback: redirect other machines from "
        "plain HTTP to HTTPS, and send HSTS",
    )
    hsts_seconds: int = env(
        "CHATLY_EDGE_HSTS_SECONDS",
        365 * 24 * 3600,
        help="time for which browsers then use only HTTPS for this host, on all its ports, in seconds; 0: no HSTS",
        check=not_negative,
    )
    public_tls_port: int = env(
        "CHATLY_EDGE_PUBLIC_TLS_PORT",
        0,
        help="port of HTTPS in redirects, if clients reach it by another one; 0: CHATLY_EDGE_TLS_PORT",
        check=not_negative,
    )
    trusted_proxies: tuple[str, ...] = env(
        "CHATLY_EDGE_TRUSTED_PROXIES",
        (),
        help="addresses or prefixes (CIDR) of the proxies before the edge; only their x-forwarded-for and "
        "x-forwarded-proto count",
        check=_check_prefixes,
    )
    proxy_hops: int = env(
        "CHATLY_EDGE_PROXY_HOPS",
        1,
        help="proxies that each add an entry to x-forwarded-for: 2 for a CDN before your proxy",
        check=positive,
    )
    proxy_protocol: bool = env(
        "CHATLY_EDGE_PROXY_PROTOCOL",
        default=False,
        help="take the client's address from the PROXY protocol; only CHATLY_EDGE_TRUSTED_PROXIES may then connect",
    )
    mesh_certificate: str = env(
        "CHATLY_TLS_CERT_FILE", "", help="PEM file of the certificate that the edge shows to services"
    )
    mesh_key: str = env("CHATLY_TLS_KEY_FILE", "", help="PEM file of that certificate's key")
    mesh_ca: str = env("CHATLY_TLS_CA_FILE", "", help="PEM file of the CA that signs the services' certificates")
    web: str = env("CHATLY_WEB_ADDRESS", "127.0.0.1:8081", help="address of the web client's file server")
    web_dir: Path = env("CHATLY_WEB_DIR", WEB_DIST, help="folder of the built web client")
    cors_origins: tuple[str, ...] = env(
        "CHATLY_EDGE_CORS_ORIGINS",
        (),
        help="other origins whose pages may call the API (CORS), e.g. https://chat.example.org",
    )
    max_upload_bytes: int = env("CHATLY_MEDIA_MAX_BYTES", 25 * 1024 * 1024, help="largest file, in bytes")
    login_per_minute: int = env(
        "CHATLY_EDGE_LOGIN_PER_MINUTE", 300, help="logins per client address (IPv6: /64) and minute"
    )
    refresh_per_minute: int = env(
        "CHATLY_EDGE_REFRESH_PER_MINUTE", 6_000, help="refreshes per client address (IPv6: /64) and minute"
    )
    register_per_minute: int = env(
        "CHATLY_EDGE_REGISTER_PER_MINUTE", 30, help="registrations per client address (IPv6: /64) and minute"
    )
    jwks_per_minute: int = env(
        "CHATLY_EDGE_JWKS_PER_MINUTE",
        120,
        help="reads of the signing keys per client address (IPv6: /64) and minute; services read them elsewhere",
    )
    send_per_second: int = env(
        "CHATLY_EDGE_SEND_PER_SECOND", 100, help="sends per client address (IPv6: /64) and second"
    )
    upload_per_minute: int = env(
        "CHATLY_EDGE_UPLOAD_PER_MINUTE", 600, help="uploads and upload parts per client address (IPv6: /64) and minute"
    )
    access_log_days: float = env(
        "CHATLY_EDGE_ACCESS_LOG_DAYS",
        7.0,
        help="days that `chatly run` keeps the edge's access log, which has the address of each client",
        check=positive,
    )
    access_log_bytes: int = env(
        "CHATLY_EDGE_ACCESS_LOG_BYTES",
        512 * 1024 * 1024,
        help="largest size of the edge's access log with its older parts, in bytes",
        check=positive,
    )
    connections: int = env("CHATLY_EDGE_MAX_CONNECTIONS", 20_000, help="maximum of concurrent client connections")
    idle_seconds: int = env(
        "CHATLY_EDGE_IDLE_SECONDS",
        60,
        help="time after which a client connection without a request is closed, in seconds",
        check=positive,
    )
    call_seconds: int = env(
        "CHATLY_EDGE_CALL_SECONDS",
        60,
        help="longest time from the first byte of a call to its answer, in seconds; streams and files have no limit",
        check=positive,
    )
    heap_bytes: int = env(
        "CHATLY_EDGE_HEAP_BYTES",
        1024 * 1024 * 1024,
        help="memory of Envoy, in bytes: from 80 % it resets streams that hold much, from 95 % it refuses connections",
        check=positive,
    )
    health_seconds: float = env(
        "CHATLY_EDGE_HEALTH_SECONDS", 0.5, help="interval of health checks of each service node, in seconds"
    )
    concurrency: int = env("CHATLY_EDGE_CONCURRENCY", 2, help="worker threads of Envoy")
    collector: str = env(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        help="OpenTelemetry collector (OTLP over gRPC), e.g. http://collector:4317; empty: no traces",
        check=check_endpoint,
    )
    collector_certificate: str = env(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "",
        help="with https: PEM file of the CA that signed the collector's certificate",
    )
    trace_ratio: float = env(
        "CHATLY_EDGE_TRACE_RATIO", 0.01, help="share of calls that are traced, 0 to 1", check=between(0, 1)
    )
