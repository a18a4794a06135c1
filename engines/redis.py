"""Redis: one server that appends every write to a file."""

from engines.node import Node
from engines.security import PASSWORD, USER, Security, security
from engines.settings import EngineSettings


def redis_nodes(settings: EngineSettings) -> list[Node]:
    """Return how to start the server."""
    folder = settings.data / "redis"
    return [
        Node(
            name="redis-1",
            address=f"{settings.redis_host}:{settings.redis_port}",
            command=(
                *("redis-server", "--bind", settings.redis_host, "--port", str(settings.redis_port)),
                *_secured(security(settings), settings.redis_port),
                # Without a password Redis accepts only clients on the loopback address by default.
                *("--protected-mode", "no"),
                *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
                # Redis answers only after reading its file. At the default limit of 64 MB that took up to 8 s on a busy
                # machine.
                *("--auto-aof-rewrite-min-size", "16mb"),
            ),
            folder=folder,
        )
    ]


def _secured(security: Security | None, port: int) -> tuple[str, ...]:
    if security is None:
        return ()
    return (
        *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(security.pair.certificate), "--tls-key-file", str(security.pair.key)),
        *("--tls-ca-cert-file", str(security.ca)),
        *("--user", USER, "on", f">{PASSWORD}", "~*", "&*", "+@all"),
        *("--user", "default", "off"),
    )
