"""Servers that deliver messages and store nothing: the limits of their libraries."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from bench.sides.side import BIN, HOST, Person, server

_COMMANDS: Mapping[str, tuple[str | Path, ...]] = {
    "bare grpc.aio": (sys.executable, "-m", "bench.peers.bare"),
    "bare grpc-go": (BIN / "peer-grpcgo",),
    "Centrifuge": (BIN / "peer-centrifuge",),
}
PEERS = tuple(_COMMANDS)


@dataclass(frozen=True, slots=True)
class Peer:
    """One server of bench/peers. A token is a user's id, and every user is in every group."""

    name: str
    address: str
    processes: Mapping[str, Sequence[int]]
    engines: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        return "centrifuge" if self.name == "Centrifuge" else "grpc"

    @property
    def addresses(self) -> tuple[str, str]:
        return self.address, self.address

    async def people(self, number: int) -> list[Person]:
        ids = [str(uuid4()) for _ in range(number)]
        return [Person(user_id, user_id) for user_id in ids]

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        return str(uuid4())


@asynccontextmanager
async def peer(name: str) -> AsyncIterator[Peer]:
    """Yield a server."""
    async with server(*_COMMANDS[name]) as (pid, port):
        yield Peer(name, f"{HOST}:{port}", {"server": [pid]})
