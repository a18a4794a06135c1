"""W2: the cost of a message to 200 subscribers, and whether Chatly serialises it once for all of them."""

import re

import httpx

from bench.report import Row, Section, compare, totals
from bench.rounds import each, in_rounds
from bench.scale import Scale
from bench.sides.chatly import Chatly
from bench.sides.peers import PEERS
from bench.sides.seed import SEED
from bench.sides.side import Result, Side, run
from bench.sides.stage import DURABLE, EMBEDDED, Stage

_SUBSCRIBERS = 200
_IN_FLIGHT = 8
_ONE = DURABLE[1]
_ALL = (*PEERS, EMBEDDED, f"{EMBEDDED}, Envoy", f"{EMBEDDED}, Envoy, gRPC-web", SEED, _ONE, f"{_ONE}, Envoy, gRPC-web")
_QUICK = ("bare grpc.aio", "bare grpc-go", EMBEDDED, SEED)
_EVENTS, _DELIVERIES = "chatly_live_events_serialized_total", "chatly_live_deliveries_total"


async def measure(stage: Stage, scale: Scale) -> Section:
    sides = await stage.sides(_QUICK if scale.quick else _ALL)
    raw = await in_rounds(scale, each(sides, lambda side: _round(side, scale)))
    return Section(
        f"W2: one sender with {_IN_FLIGHT} messages in flight, {_SUBSCRIBERS} subscribers",
        [
            *compare("CPU of its own processes, µs per delivery", raw, "cpu_us"),
            *compare("CPU of the engines, µs per delivery", raw, "engines_cpu_us"),
            *compare("deliveries a second", raw, "deliveries_per_second"),
            *compare("delivered to the last p50, ms", raw, "completed_ms", "p50"),
            *compare("delivered to the last p99, ms", raw, "completed_ms", "p99"),
            *compare("cores that others kept busy", raw, "others_share"),
            *totals(raw, "lost", "repeats"),
            *_serialized(raw),
        ],
        raw,
    )


async def _round(side: Side, scale: Scale) -> Result:
    sender, *subscribers = await side.people(_SUBSCRIBERS + 1)
    chat_id = await side.group(sender, subscribers)
    before = _counters(side)
    result = await run(
        side,
        "burst",
        receivers=[subscriber.token for subscriber in subscribers],
        senders=[{"token": sender.token, "chat_id": chat_id}],
        each=_SUBSCRIBERS,
        in_flight=_IN_FLIGHT,
        # Send no more while a server acknowledges faster than it delivers. Slow readers are measured elsewhere.
        window=64,
        warm_up_seconds=1,
        seconds=min(scale.seconds, 4),
    )
    after = _counters(side)
    return {**result, **{name: after[name] - before[name] for name in after}}


def _counters(side: Side) -> dict[str, float]:
    """Return the counters of an embedded mesh since its start."""
    if not isinstance(side, Chatly) or side.running.engines:
        return {}
    text = httpx.get(f"http://{side.running.mesh.http['messaging']}/metrics").text
    found = {name: re.search(rf"^{name} (\S+)$", text, re.MULTILINE) for name in (_EVENTS, _DELIVERIES)}
    return {name: float(match[1]) if match else 0.0 for name, match in found.items()}


def _serialized(raw: list[Result]) -> list[Row]:
    """Return the events serialised, warm-up included, and the deliveries."""
    events, deliveries = (sum(result.get(name, 0) for result in raw) for name in (_EVENTS, _DELIVERIES))
    if not events:
        return []
    value = f"{deliveries:.0f} deliveries of {events:.0f} events serialised"
    return [Row("deliveries of one serialisation", EMBEDDED, value, f"{deliveries / events:.1f}", str(_SUBSCRIBERS))]
