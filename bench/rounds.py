"""Measures all sides in turn, round after round."""

import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from bench.scale import Scale
from bench.sides.side import Result, Side

Measurement = Callable[[], Awaitable[Result]]


async def in_rounds(scale: Scale, measurements: Mapping[str, Measurement]) -> list[Result]:
    """Return all results under these names. A failure is printed, and the others continue without it."""
    raw: list[Result] = []
    for number in range(scale.rounds):
        for name, measure in measurements.items():
            if scale.over:
                print(f"  no time is left: the results are of {number} whole rounds", flush=True)
                return raw
            try:
                raw.append({**await measure(), "side": name})
            except Exception:  # noqa: BLE001 - whatever it is, it is said, and this result is missing
                print(f"  {name} failed in round {number + 1}:\n{traceback.format_exc()}", flush=True)
            else:
                print(f"  {number + 1}: {name}: {raw[-1]['cpu_us']:,.1f} µs", flush=True)
    return raw


def each(sides: Sequence[Side], measure: Callable[[Side], Awaitable[Result]]) -> dict[str, Measurement]:
    """Return the same measurement of every side."""
    return {side.name: partial(measure, side) for side in sides}
