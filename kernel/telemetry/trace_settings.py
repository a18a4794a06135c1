"""Where traces go. Read by every process; what is sampled is the edge's setting."""

from urllib.parse import urlsplit

from kernel.settings import env, settings


def endpoint_complaint(endpoint: str) -> str | None:
    """What is wrong with a collector's address; None: nothing, or there is none."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port:
            return None
    except ValueError:
        pass
    return f"must be http://host:port or https://host:port, got {endpoint!r}"


@settings
class TraceSettings:
    """OpenTelemetry's own variables. Those of its SDK that tune queues and timeouts count too."""

    endpoint: str = env(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        default="",
        help="OpenTelemetry collector (OTLP over gRPC), e.g. http://collector:4317; empty: no traces",
        check=endpoint_complaint,
    )
    certificate: str = env(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        default="",
        help="with https: PEM file of the CA that signed the collector's certificate",
    )
