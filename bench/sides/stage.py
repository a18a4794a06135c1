"""Opens the sides of a run on first use, and keeps them open until its end."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from math import inf
from time import monotonic
from typing import Self

from bench.sides.chatly import Chatly, Running, distributed, embedded
from bench.sides.engines import Engines, real_engines
from bench.sides.peers import PEERS, peer
from bench.sides.seed import SEED, TRUSTING, seed
from bench.sides.side import Side

# Name → way to reach the mesh.
_WAYS = {
    "": {},
    ", stream of sends": {"protocol": "grpc-stream"},
    ", Envoy": {"through_edge": True},
    ", Envoy, gRPC-web": {"through_edge": True, "protocol": "grpc-web"},
}
EMBEDDED = "Chatly embedded"
DURABLE = {1: "Chatly, 1 node", 2: "Chatly, 2 nodes", 10: "Chatly, 10 nodes"}
"""On the real engines. The number of nodes is that of messaging."""


_SETTLE_SECONDS = 75
"""A mesh trusts its claims after 70 s. Before, sends cost more."""


class Stage:
    """Used within `async with`."""

    def __init__(self, only: Collection[str] = ()) -> None:
        """`only`: measure only sides with these names; empty measures all that a section needs."""
        self._only = only
        self._stack = AsyncExitStack()
        self._engines: Engines | None = None
        self._meshes: dict[int, Running] = {}
        self._sides: dict[str, Side] = {}
        self._settled_at = -inf

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def sides(self, names: Iterable[str]) -> list[Side]:
        """Names of the sides, in the order of measurement. All meshes have been running for a while."""
        sides = [await self._side(name) for name in self.wanted(names)]
        await asyncio.sleep(max(0, self._settled_at - monotonic()))
        return sides

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Return which of these are measured in this run."""
        return [name for name in names if not self._only or name in self._only]

    def engines(self) -> Engines:
        """Return the engines of this run."""
        if self._engines is None:
            self._engines = self._stack.enter_context(real_engines())
        return self._engines

    async def _side(self, name: str) -> Side:
        if name not in self._sides:
            self._sides[name] = await self._opened(name)
        return self._sides[name]

    async def _opened(self, name: str) -> Side:
        if name in PEERS:
            return await self._stack.enter_async_context(peer(name))
        if name in {SEED, TRUSTING}:
            return await self._stack.enter_async_context(seed(self.engines(), trusting=name == TRUSTING))
        nodes, way = parted(name)
        if nodes not in self._meshes:
            mesh = distributed(self.engines(), nodes=nodes) if nodes else embedded()
            self._meshes[nodes] = await self._stack.enter_async_context(mesh)
            self._settled_at = monotonic() + _SETTLE_SECONDS
        return way_to(self._meshes[nodes], name, way)


def parted(name: str) -> tuple[int, str]:
    """Number of nodes on real engines of a Chatly side (0: embedded), and the way to reach it."""
    for nodes, start in {0: EMBEDDED, **DURABLE}.items():
        if name.startswith(start) and name.removeprefix(start) in _WAYS:
            return nodes, name.removeprefix(start)
    raise KeyError(f"no such side: {name}")


def way_to(running: Running, name: str, way: str = "") -> Chatly:
    """A running mesh, reached in one of the ways."""
    return Chatly(name=name, running=running, **_WAYS[way])  # type: ignore[arg-type]  # the types of the keywords
