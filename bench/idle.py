"""What 2,000 open streams cost that carry nothing: 200 users with 10 each."""

from bench import load
from bench.report import Section, compare
from bench.sides import Chatly, Side, bare, mesh

_USERS = 200
_STREAMS_EACH = 10
# Longer than the interval of heartbeats, so that each stream has written one.
_SETTLE_SECONDS = 20


async def measure(rounds: int) -> Section:
    shared = [result for _ in range(rounds) for result in await _round(_STREAMS_EACH)]
    own = [result for _ in range(rounds) for result in await _round(1)]
    return Section(
        f"{_USERS * _STREAMS_EACH} idle subscriptions",
        [
            *compare("KiB per stream, 10 on a connection", shared, "kib_per_stream", goal="< 60"),
            *compare("KiB per stream, a connection each", own, "kib_per_stream", goal="< 60"),
            *compare("CPU while idle, share of a core", shared, "cpu_share"),
        ],
        [*shared, *own],
    )


async def _round(streams_per_connection: int) -> list[load.Result]:
    """Servers of their own: what an earlier round has left free would be used again, and not be seen."""
    async with bare() as plain:
        found = [await _open(plain, streams_per_connection)]
    async with mesh() as running:
        return [*found, await _open(Chatly(running), streams_per_connection)]


async def _open(side: Side, streams_per_connection: int) -> load.Result:
    people = await side.people(_USERS)
    return await load.run(
        side,
        "idle",
        receivers=[person.token for person in people],
        streams_each=_STREAMS_EACH,
        streams_per_connection=streams_per_connection,
        settle_seconds=_SETTLE_SECONDS,
    )
