"""Redis: one server that appends what it is told to a file."""

from engines.node import Node
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
                # By default it refuses whoever is not on the loopback, unless there is a password.
                *("--protected-mode", "no"),
                *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
            ),
            folder=folder,
        )
    ]
