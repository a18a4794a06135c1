"""The stack of the Socket.IO chat that Chatly replaces (bench/peers/seed), on the same engines."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import jwt

from bench.sides.engines import Engines
from bench.sides.side import HOST, ROOT, Person, server

SEED = "seed's stack"
TRUSTING = "seed's stack, trusting consumer"
_SECRET = "a secret of one benchmark, for tokens only"  # noqa: S105
_TOOLS = ROOT / ".cache" / "toolchains" / "bin"


@dataclass(frozen=True, slots=True)
class Seed:
    """One Node process: Express, Socket.IO, producer and consumer."""

    name: str
    address: str
    processes: Mapping[str, Sequence[int]]
    engines: Mapping[str, Sequence[int]]
    protocol: str = "socket.io"

    @property
    def addresses(self) -> tuple[str, str]:
        return self.address, self.address

    async def people(self, number: int) -> list[Person]:
        ids = [str(uuid4()) for _ in range(number)]
        return [Person(jwt.encode({"userId": user_id}, _SECRET), user_id) for user_id in ids]

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        return str(uuid4())


@asynccontextmanager
async def seed(engines: Engines, *, trusting: bool = False) -> AsyncIterator[Seed]:
    """Yield a server. `trusting`: its consumer skips messages with an ID without checking that they are saved."""
    name = engines.fresh_name("seed")
    environ = {
        **os.environ,
        "NODE_ENV": "production",
        "SEED_CASSANDRA": engines.cassandra,
        "SEED_KEYSPACE": name,
        "SEED_KAFKA": engines.kafka,
        "SEED_TOPIC": name,
        "SEED_PARTITIONS": str(engines.partitions),
        "SEED_REDIS": f"redis://{engines.redis}",
        "SEED_SECRET": _SECRET,
        "SEED_LOOKS_UP": "no" if trusting else "yes",
    }
    node = shutil.which("node", path=f"{_TOOLS}:{os.environ['PATH']}") or "node"
    async with server(node, _server(), environ=environ) as (pid, port):
        yield Seed(TRUSTING if trusting else SEED, f"{HOST}:{port}", {"node": [pid]}, engines.pids)


def _server() -> Path:
    return ROOT / "bench" / "peers" / "seed" / "server.js"
