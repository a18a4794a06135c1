"""What a message to a group of 200 subscribers costs, and that it is serialised once for all of them."""

import re

import httpx

from bench import load
from bench.report import Row, Section, compare, totals
from bench.sides import Chatly, Side, sides

_SUBSCRIBERS = 200
_SENDS = 200
_COUNTERS = ("chatly_live_events_serialized_total", "chatly_live_deliveries_total")


async def measure(rounds: int) -> Section:
    async with sides(edge=True) as compared:
        raw = [await _round(side) for _ in range(rounds) for side in compared]
    return Section(
        f"Fan-out: one group, {_SUBSCRIBERS} subscribers, one sender with 8 messages in flight",
        [
            *compare("server CPU, µs per delivery", raw, "cpu_us_per_delivery"),
            *compare("deliveries a second", raw, "deliveries_per_second"),
            *totals(raw, "lost", "repeats"),
            *_serialized(raw),
        ],
        raw,
    )


async def _round(side: Side) -> load.Result:
    sender, *subscribers = await side.people(_SUBSCRIBERS + 1)
    chat_id = await side.group(sender, subscribers)
    before = _counters(side)
    result = await load.run(
        side,
        "burst",
        receivers=[subscriber.token for subscriber in subscribers],
        senders=[{"token": sender.token, "chat_id": chat_id}],
        each=_SUBSCRIBERS,
        in_flight=8,
        warm_up_sends=40,
        sends=_SENDS,
    )
    after = _counters(side)
    return {**result, **{name: after[name] - before[name] for name in after}}


def _counters(side: Side) -> dict[str, float]:
    """What Chatly counts itself, since it started."""
    if not isinstance(side, Chatly):
        return {}
    text = httpx.get(f"http://{side.mesh.http['messaging']}/metrics").text
    found = {name: re.search(rf"^{name} (\S+)$", text, re.MULTILINE) for name in _COUNTERS}
    return {name: float(match[1]) if match else 0.0 for name, match in found.items()}


def _serialized(raw: list[load.Result]) -> list[Row]:
    """Events turned into bytes, of those sent (warm-up included), against deliveries."""
    events, deliveries = (sum(result.get(name, 0) for result in raw) for name in _COUNTERS)
    value = f"{deliveries:.0f} deliveries of {events:.0f} events serialised"
    return [Row("deliveries of one serialisation", "chatly", value, f"{deliveries / events:.1f}", str(_SUBSCRIBERS))]
