"""Measures whether a message costs the same with ten times the users and chats, and with ten times the nodes."""

from functools import partial

from bench.pairs import PAIRS, steady, steady_rows
from bench.report import Section
from bench.rounds import each, in_rounds
from bench.scale import Scale
from bench.sides.seed import SEED
from bench.sides.stage import DURABLE, EMBEDDED, Stage

_PER_SECOND = 200
_TEN = 10


async def users(stage: Stage, scale: Scale) -> Section:
    """The same number of messages from ten times the pairs: each pair has its own chat, and each user a stream."""
    sides = await stage.sides(("bare grpc.aio", EMBEDDED, SEED, DURABLE[1]))
    measurements = {
        f"{side.name}, {2 * number:,} users in {number} chats": partial(steady, side, scale, number, _PER_SECOND)
        for side in sides
        for number in (PAIRS, _TEN * PAIRS)
    }
    raw = await in_rounds(scale, measurements)
    return Section(f"Growth: 10 × the users and chats, {_PER_SECOND} messages a second", steady_rows(raw), raw)


async def nodes(stage: Stage, scale: Scale) -> Section:
    """The same number of messages on ten times the nodes: all are sent to the first node and received from the last."""
    sides = await stage.sides((DURABLE[1], DURABLE[_TEN]))
    raw = await in_rounds(scale, each(sides, lambda side: steady(side, scale, PAIRS, _PER_SECOND)))
    return Section(f"Growth: 10 × the messaging nodes, {_PER_SECOND} messages a second", steady_rows(raw), raw)
