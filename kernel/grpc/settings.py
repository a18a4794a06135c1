"""Ports and limits of a server. Every service has the same variables, with its name in them."""

import os
from collections.abc import Mapping

from kernel.settings import between, env, load, not_negative, one_of, positive, settings

_PORT = between(0, 65_535)


@settings
class ServerSettings:
    """Settings of one server. `{SERVICE}` in a variable's name stands for the name of the service in capitals."""

    host: str = env("CHATLY_HOST", default="127.0.0.1", help="address that the servers listen on")
    grpc_port: int = env("CHATLY_{SERVICE}_GRPC_PORT", default=0, help="gRPC port; 0: any free port", check=_PORT)
    http_port: int = env(
        "CHATLY_{SERVICE}_HTTP_PORT",
        default=0,
        help="HTTP port for /metrics, /healthz and files; 0: any free port",
        check=_PORT,
    )
    metrics_port: int = env(
        "CHATLY_{SERVICE}_METRICS_PORT",
        default=0,
        help="extra plaintext HTTP port for probes and Prometheus, serves only /metrics and /healthz; 0: none",
        check=_PORT,
    )
    grpc_engine: str = env(
        "CHATLY_{SERVICE}_GRPC_ENGINE",
        default="grpcio",
        help="library of the gRPC server: `grpcio`, or `ngh2`, which takes half the CPU time per call",
        check=one_of("grpcio", "ngh2"),
    )
    max_connection_age_seconds: float = env(
        "CHATLY_MAX_CONNECTION_AGE_SECONDS",
        default=0.0,
        help="age at which gRPC clients are asked to connect again, in seconds, so that they spread over new nodes; "
        "0: no limit",
        check=not_negative,
    )
    grace_seconds: float = env(
        "CHATLY_GRACE_SECONDS",
        default=10.0,
        help="time that running calls get to finish at shutdown, in seconds",
        check=positive,
    )
    max_concurrent_calls: int = env(
        "CHATLY_MAX_CONCURRENT_CALLS",
        default=20_000,
        help="maximum of open calls and streams per server",
        check=positive,
    )
    max_streams_per_user: int = env(
        "CHATLY_MAX_STREAMS_PER_USER", default=32, help="maximum of open streams per user and method", check=positive
    )
    user_rates: float = env(
        "CHATLY_USER_RATES",
        default=1.0,
        help="factor of the limits of calls per user, which the protos declare per method; 0: no limits",
        check=not_negative,
    )
    max_call_seconds: float = env(
        "CHATLY_MAX_CALL_SECONDS", default=30.0, help="longest deadline of a unary call, in seconds", check=positive
    )
    trust_edge: bool = env(
        "CHATLY_TRUST_EDGE",
        default=True,
        help="trust x-forwarded-* headers; set it to false if clients can reach the port without Envoy",
    )


def load_server_settings(
    service: str, *, port: int, engine: str = "grpcio", environ: Mapping[str, str] | None = None
) -> ServerSettings:
    """Load the settings of `service`. Defaults: gRPC on `port` by the library `engine`, HTTP on `port` + 1000."""
    name = service.upper()
    defaults = {
        f"CHATLY_{name}_GRPC_PORT": str(port),
        f"CHATLY_{name}_HTTP_PORT": str(port + 1000),
        f"CHATLY_{name}_GRPC_ENGINE": engine,
    }
    return load(ServerSettings, {**defaults, **(os.environ if environ is None else environ)}, SERVICE=name)
