"""Redis: one server that appends what it is told to a file."""

from engines.node import Node
from engines.security import PASSWORD, USER, Security, security
from engines.settings import EngineSettings


def redis_nodes(settings: EngineSettings) -> list[Node]:
    """Say how the server is started."""
    folder = settings.data / "redis"
    return [
        Node(
            name="redis-1",
            address=f"{settings.redis_host}:{settings.redis_port}",
            command=(
                *("redis-server", "--bind", settings.redis_host, "--port", str(settings.redis_port)),
                *_secured(security(settings), settings.redis_port),
                # By default it refuses whoever is not on the loopback, unless there is a password.
                *("--protected-mode", "no"),
                *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
                # It answers nobody until it has read its file: of 64 MB, which it lets it grow to by default, that took
                # a busy machine up to 8 s.
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
