"""How long a message takes from sender to receiver at a fixed rate: 50 pairs, 200 bytes, 200 messages a second."""

from bench import load
from bench.report import Section, compare, totals
from bench.sides import Side, sides

_PAIRS = 50
_PER_SECOND = 200


async def measure(rounds: int) -> Section:
    async with sides(edge=True) as compared:
        raw = [await _round(side) for _ in range(rounds) for side in compared]
    return Section(
        f"Send → delivered, {_PER_SECOND} messages a second, {_PAIRS} pairs",
        [
            *compare("delivered p50, ms", raw, "delivered_ms", "p50", goal="within ×3"),
            *compare("delivered p99, ms", raw, "delivered_ms", "p99"),
            *compare("answered p50, ms", raw, "answered_ms", "p50"),
            *compare("answered p99, ms", raw, "answered_ms", "p99"),
            *compare("server CPU, µs per message", raw, "cpu_us_per_send"),
            *totals(raw, "lost", "unanswered", "repeats"),
        ],
        raw,
    )


async def _round(side: Side) -> load.Result:
    people = await side.people(2 * _PAIRS)
    senders, receivers = people[:_PAIRS], people[_PAIRS:]
    return await load.run(
        side,
        "steady",
        receivers=[receiver.token for receiver in receivers],
        senders=[
            {"token": sender.token, "user_id": receiver.user_id}
            for sender, receiver in zip(senders, receivers, strict=True)
        ],
        each=1,
        per_second=_PER_SECOND,
        warm_up_seconds=3,
        seconds=10,
    )
