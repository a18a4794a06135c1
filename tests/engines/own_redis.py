"""Redis servers for one test, which can be stopped at any time."""

from dataclasses import replace
from pathlib import Path

from engines.redis import redis_nodes
from engines.settings import EngineSettings
from kernel.redis.settings import RedisSettings
from tests.engines.own import OwnEngine
from tests.ports import free_ports


class OwnRedis(OwnEngine):
    """One server. A restart keeps its data, because it writes everything to a file."""

    def __init__(self, data: Path, *options: str, port: int | None = None) -> None:
        """`options`: additional options of redis-server."""
        self.port = port or next(free_ports())
        (node,) = redis_nodes(EngineSettings(data=data / str(self.port), redis_port=self.port))
        super().__init__(replace(node, command=(*node.command, *options)))

    def settings(self, *, password: str = "", shards: int = 1) -> RedisSettings:
        return RedisSettings(url=f"redis://{self.address}", password=password, shards=shards)
