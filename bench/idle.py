"""Cost of 2,000 idle open streams: 200 users with 10 each, besides 10 users who warm the server up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.report import Section, compare
from bench.scale import Scale
from bench.sides.chatly import distributed, embedded
from bench.sides.peers import PEERS, peer
from bench.sides.seed import SEED, seed
from bench.sides.side import Result, Side, run
from bench.sides.stage import DURABLE, EMBEDDED, Stage, parted, way_to

_USERS = 200
_WARMING = 10
_STREAMS_EACH = 10
# Longer than the heartbeat interval, so that each stream has written one.
_SETTLE_SECONDS = 20
_OWN = (*PEERS, EMBEDDED, f"{EMBEDDED}, Envoy", SEED, DURABLE[1])
_SHARED = ("bare grpc.aio", "bare grpc-go", EMBEDDED)


async def measure(stage: Stage, scale: Scale) -> Section:
    own, shared = [], []
    for _ in range(scale.rounds):
        own += [await _round(stage, name, 1) for name in stage.wanted(_OWN)]
        shared += [await _round(stage, name, _STREAMS_EACH) for name in stage.wanted(_SHARED)]
    return Section(
        f"{_USERS * _STREAMS_EACH} idle subscriptions",
        [
            *compare("KiB per stream, a connection each", own, "kib_per_stream", goal="< 40"),
            *compare("KiB per stream, 10 on a connection", shared, "kib_per_stream", goal="< 40"),
            *compare("CPU while idle, share of a core", own, "cpu_share"),
        ],
        [*own, *shared],
    )


async def _round(stage: Stage, name: str, streams_per_connection: int) -> Result:
    """Start a server for this measurement alone: memory freed in an earlier round would be used again and not show."""
    async with _fresh(stage, name) as side:
        people = await side.people(_WARMING + _USERS)
        return await run(
            side,
            "idle",
            receivers=[person.token for person in people],
            warming=_WARMING,
            streams_each=_STREAMS_EACH,
            streams_per_connection=streams_per_connection,
            seconds=_SETTLE_SECONDS,
        )


@asynccontextmanager
async def _fresh(stage: Stage, name: str) -> AsyncIterator[Side]:
    if name in PEERS:
        async with peer(name) as plain:
            yield plain
    elif name == SEED:
        async with seed(stage.engines()) as stack:
            yield stack
    else:
        nodes, way = parted(name)
        async with distributed(stage.engines(), nodes=nodes) if nodes else embedded() as running:
            yield way_to(running, name, way)
