"""W1: 50 pairs, 200 bytes per message; as fast as possible, and at fixed rates."""

from collections.abc import Sequence

from bench.report import Row, Section, compare, parts, totals
from bench.rounds import each, in_rounds
from bench.scale import Scale
from bench.sides.peers import PEERS
from bench.sides.seed import SEED, TRUSTING
from bench.sides.side import Result, Side, run
from bench.sides.stage import DURABLE, EMBEDDED, Stage

PAIRS = 50
_IN_FLIGHT = 2
_ONE, _TWO = DURABLE[1], DURABLE[2]
_ALL = (
    *PEERS,
    *(EMBEDDED, f"{EMBEDDED}, stream of sends", f"{EMBEDDED}, Envoy", f"{EMBEDDED}, Envoy, gRPC-web"),
    *(SEED, TRUSTING),
    *(_ONE, f"{_ONE}, stream of sends", f"{_ONE}, Envoy, gRPC-web"),
    *(_TWO, f"{_TWO}, Envoy"),
)
_QUICK = ("bare grpc.aio", "bare grpc-go", EMBEDDED, f"{EMBEDDED}, Envoy, gRPC-web", SEED, _ONE)
CPU = "CPU of its own processes, µs per message"
ENGINES = "CPU of the engines, µs per message"
_OTHERS = "cores that others kept busy"


async def saturated(stage: Stage, scale: Scale) -> Section:
    sides = await stage.sides(_names(scale))
    raw = await in_rounds(scale, each(sides, lambda side: _saturated(side, scale)))
    return Section(
        f"W1 saturated: {PAIRS} pairs, each sender with {_IN_FLIGHT} messages in flight",
        [
            *compare(CPU, raw, "cpu_us"),
            *compare(ENGINES, raw, "engines_cpu_us"),
            *compare("messages a second", raw, "deliveries_per_second"),
            *compare("delivered p50, ms", raw, "delivered_ms", "p50"),
            *compare("delivered p99, ms", raw, "delivered_ms", "p99"),
            *_by_process(raw),
            *compare(_OTHERS, raw, "others_share"),
            *totals(raw, "lost", "unanswered", "repeats"),
        ],
        raw,
    )


async def _saturated(side: Side, scale: Scale) -> Result:
    return await run(
        side,
        "burst",
        **await pairs(side, PAIRS),
        in_flight=_IN_FLIGHT,
        window=2_000,
        warm_up_seconds=scale.warm_up_seconds,
        seconds=min(scale.seconds, 5),
    )


async def at_200(stage: Stage, scale: Scale) -> Section:
    return await _at_rate(stage, scale, 200)


async def at_500(stage: Stage, scale: Scale) -> Section:
    return await _at_rate(stage, scale, 500)


async def _at_rate(stage: Stage, scale: Scale, per_second: int) -> Section:
    sides = await stage.sides(_names(scale))
    raw = await in_rounds(scale, each(sides, lambda side: steady(side, scale, PAIRS, per_second)))
    title = f"W1 at {per_second} messages a second: {PAIRS} pairs, open loop"
    return Section(title, steady_rows(raw), raw)


async def steady(side: Side, scale: Scale, number: int, per_second: int) -> Result:
    return await run(
        side,
        "steady",
        **await pairs(side, number),
        per_second=per_second,
        warm_up_seconds=scale.warm_up_seconds,
        seconds=scale.seconds,
    )


def steady_rows(raw: Sequence[Result]) -> list[Row]:
    times = [
        row
        for what in ("delivered", "answered")
        for share in ("p50", "p95", "p99", "max")
        for row in compare(f"{what} {share}, ms", raw, f"{what}_ms", share)
    ]
    return [
        *compare(CPU, raw, "cpu_us"),
        *compare(ENGINES, raw, "engines_cpu_us"),
        *times,
        *_by_process(raw),
        *compare(_OTHERS, raw, "others_share"),
        *totals(raw, "lost", "unanswered", "repeats"),
    ]


def _by_process(raw: Sequence[Result]) -> list[Row]:
    """CPU time of a durable message by process, engines included."""
    return [row for side in (SEED, _ONE) for row in parts("CPU, µs per message", raw, side, "cpu_us_by_process")]


async def pairs(side: Side, number: int) -> dict[str, object]:
    """The pairs as a plan needs them."""
    people = await side.people(2 * number)
    senders, receivers = people[:number], people[number:]
    return {
        "receivers": [receiver.token for receiver in receivers],
        "senders": [
            {"token": sender.token, "user_id": receiver.user_id}
            for sender, receiver in zip(senders, receivers, strict=True)
        ],
        "each": 1,
    }


def _names(scale: Scale) -> Sequence[str]:
    return _QUICK if scale.quick else _ALL
