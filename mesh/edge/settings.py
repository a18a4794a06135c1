"""Settings of the edge. Also read where nothing of its template is installed, so nothing is imported for that here."""

from pathlib import Path

from kernel.settings import env, settings
from kernel.telemetry.trace_settings import endpoint_complaint

WEB_DIST = Path(__file__).parents[2] / "web" / "dist"


def _share(value: float) -> str | None:
    return None if 0 <= value <= 1 else f"must be 0 to 1, got {value}"


@settings
class EdgeSettings:
    """Where the edge listens, and where it finds the services. Addresses are `host:port`, several joined by commas."""

    host: str = env("CHATLY_EDGE_HOST", "127.0.0.1", help="address to listen on")
    port: int = env("CHATLY_EDGE_PORT", 8080, help="port for plain HTTP")
    tls_port: int = env("CHATLY_EDGE_TLS_PORT", 8443, help="port for HTTPS")
    admin_port: int = env("CHATLY_EDGE_ADMIN_PORT", 9901, help="port of Envoy's own admin page, on loopback only")
    metrics_port: int = env(
        "CHATLY_EDGE_METRICS_PORT", 0, help="port for /stats/prometheus and /ready alone, on CHATLY_EDGE_HOST; 0: none"
    )
    tls_certificate: str = env("CHATLY_EDGE_TLS_CERTIFICATE", "", help="PEM file; empty: no HTTPS, or a generated one")
    tls_key: str = env("CHATLY_EDGE_TLS_KEY", "", help="PEM file of the certificate's key")
    mesh_certificate: str = env("CHATLY_TLS_CERT_FILE", "", help="PEM: what the edge shows to services")
    mesh_key: str = env("CHATLY_TLS_KEY_FILE", "", help="PEM file of that certificate's key")
    mesh_ca: str = env("CHATLY_TLS_CA_FILE", "", help="PEM: who signs the services' certificates")
    auth: str = env("CHATLY_AUTH_ADDRESS", "127.0.0.1:50051", help="auth's gRPC")
    messaging: str = env("CHATLY_MESSAGING_ADDRESS", "127.0.0.1:50052", help="messaging's gRPC")
    presence: str = env("CHATLY_PRESENCE_ADDRESS", "127.0.0.1:50053", help="presence's gRPC")
    media: str = env("CHATLY_MEDIA_ADDRESS", "127.0.0.1:50054", help="media's gRPC")
    auth_http: str = env("CHATLY_AUTH_HTTP_ADDRESS", "127.0.0.1:51051", help="auth's HTTP door (JWKS)")
    media_http: str = env("CHATLY_MEDIA_HTTP_ADDRESS", "127.0.0.1:51054", help="media's HTTP door (bytes)")
    web: str = env("CHATLY_WEB_ADDRESS", "127.0.0.1:8081", help="the web client's files")
    web_dir: Path = env("CHATLY_WEB_DIR", WEB_DIST, help="folder of the built web client")
    cors_origins: tuple[str, ...] = env(
        "CHATLY_EDGE_CORS_ORIGINS", (), help="other origins whose pages may call, e.g. https://chat.example.org"
    )
    max_upload_bytes: int = env("CHATLY_MEDIA_MAX_BYTES", 25 * 1024 * 1024, help="largest file")
    login_per_minute: int = env("CHATLY_EDGE_LOGIN_PER_MINUTE", 60, help="logins and refreshes per client address")
    register_per_minute: int = env("CHATLY_EDGE_REGISTER_PER_MINUTE", 30, help="registrations per client address")
    send_per_second: int = env("CHATLY_EDGE_SEND_PER_SECOND", 100, help="sends per client address")
    upload_per_minute: int = env("CHATLY_EDGE_UPLOAD_PER_MINUTE", 600, help="uploads and parts per client address")
    connections: int = env("CHATLY_EDGE_MAX_CONNECTIONS", 20_000, help="client connections at once")
    health_seconds: float = env("CHATLY_EDGE_HEALTH_SECONDS", 0.5, help="time between two looks at each service")
    concurrency: int = env("CHATLY_EDGE_CONCURRENCY", 2, help="worker threads of Envoy")
    collector: str = env(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "", help="where traces go; empty: there are none", check=endpoint_complaint
    )
    collector_certificate: str = env(
        "OTEL_EXPORTER_OTLP_CERTIFICATE", "", help="with https: PEM file of who signed the collector's certificate"
    )
    trace_ratio: float = env(
        "CHATLY_EDGE_TRACE_RATIO", 0.01, help="share of the calls that are traced, 0 to 1", check=_share
    )
