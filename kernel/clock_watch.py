"""Compares this machine's clock with the engines' clocks, or, without engines, with the time of the last write."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kernel.ids import MAX_AHEAD
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import gauge
from kernel.time import TOLERATED_OFFSET, Clock, ClockOffset, from_micros

METRIC: Final = "chatly_clock_offset_seconds"
REPORTED: Final = TOLERATED_OFFSET
"""A larger clock offset is logged."""
MAX_OFFSET: Final = MAX_AHEAD
"""A node with a larger clock offset takes no calls."""
_ANSWER_SECONDS = 1.0

ReadTime = Callable[[], Awaitable[datetime]]
"""Returns the time of an engine's clock."""


class ClockWatch:
    """The health check of a node's clock. It passes again as soon as the clock is right.

    It uses the smallest offset to any engine: a clock that agrees with one engine's clock counts as right.
    If no engine answers, the offset is unknown and the check passes.
    """

    def __init__(
        self, *, service: str, clock: Clock, engines: Mapping[str, ReadTime], correct: Callable[[ClockOffset], None]
    ) -> None:
        """`clock`: the machine's clock. `engines`: functions that read the engines' clocks, by the name of the engine.

        `correct`: is called with the smallest offset if all engines answered; a single one may be wrong itself.
        """
        self._clock = clock
        self._engines = engines
        self._correct = correct
        self._report = OffsetReport(service)

    async def check(self) -> str | None:
        """Report the clock's offset. Return the problem if the offset is larger than `MAX_OFFSET`, else None."""
        answers = await asyncio.gather(*(self._offset(read) for read in self._engines.values()), return_exceptions=True)
        offsets = {
            engine: answer
            for engine, answer in zip(self._engines, answers, strict=True)
            if isinstance(answer, ClockOffset)
        }
        if not offsets:
            return None
        engine = min(offsets, key=lambda name: abs(offsets[name].offset))
        offset = offsets[engine].offset
        if len(offsets) == len(self._engines):
            self._correct(offsets[engine])
        self._report(offset, than=f"the clock of {engine}")
        return problem_of(offset, engine) if abs(offset) > MAX_OFFSET else None

    async def _offset(self, read: ReadTime) -> ClockOffset:
        """Return how far this clock is ahead of an engine's clock, beyond what the round trip may explain."""
        started = self._clock.monotonic()
        async with asyncio.timeout(_ANSWER_SECONDS):
            other = await read()
        wall, ended = self._clock.now(), self._clock.monotonic()
        half = timedelta(seconds=(ended - started) / 2)
        difference = wall - half - other
        unexplained = max(abs(difference) - half, timedelta())
        return ClockOffset(unexplained if difference > timedelta() else -unexplained, wall, ended)


class WriteTimeWatch:
    """Watches the clock of an embedded mesh, which has no engines: the clock must not be before the last write.

    It only reports: the clock may be wrong now, or may have been wrong at the last write. No other node could take
    over.
    """

    def __init__(self, *, service: str, clock: Clock, last_write: datetime | None) -> None:
        """`last_write`: time of the last write by an earlier process, if any."""
        self._clock = clock
        self._newest = last_write or clock.now()
        self._report = OffsetReport(service)

    async def check(self) -> str | None:
        """Report how far the clock is behind the newest time that this mesh has seen. Always return None."""
        now = self._clock.now()
        self._report(min(now - self._newest, timedelta()), than="the newest time that this mesh has seen")
        self._newest = max(self._newest, now)
        return None


class OffsetReport:
    """Reports the offset of a clock: always as a metric, and in the log when it becomes too large or right again."""

    def __init__(self, service: str) -> None:
        help_text = "Seconds by which the clock of the node is ahead of the engines' clocks; negative: behind."
        self._gauge = gauge(METRIC, help_text, ["service"]).labels(service)
        self._log = logger("clock").bind(service=service)
        self._is_off = False

    def __call__(self, offset: timedelta, *, than: str) -> None:
        """Report an offset. `than`: the clock that this clock was compared with."""
        self._gauge.set(offset.total_seconds())
        is_off = abs(offset) > REPORTED
        if is_off and not self._is_off:
            self._log.warning(
                "this machine's clock is wrong", offset_seconds=round(offset.total_seconds(), 1), compared_with=than
            )
        elif self._is_off and not is_off:
            self._log.info("this machine's clock is right again")
        self._is_off = is_off


def problem_of(offset: timedelta, engine: str) -> str:
    """Return the sentence for the health report."""
    seconds, direction = abs(offset.total_seconds()), "ahead of" if offset > timedelta() else "behind"
    return f"this machine's clock is {seconds:,.0f} s {direction} that of {engine}: correct it (NTP)"


def last_write(files: Iterable[Path]) -> datetime | None:
    """Return the time of the newest write to these files; None if none of them exists."""
    times = [file.stat().st_mtime_ns for file in files if file.exists()]
    return from_micros(max(times) // 1_000) if times else None
