"""Refills the hot tail from the log with acknowledged events that are not stored yet."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

from history.codec import decode_record
from history.model import LogEvent
from history.ports import EventReader, HotTail
from kernel.errors import ChatlyError
from kernel.log.epoch_log import EpochLog
from kernel.log.epochs import Ordinals, offset_of
from kernel.log.ports import LogPosition, LogReader, LogRecord
from kernel.telemetry.logs import logger

_BATCH = 500
_CHECK_SECONDS = 1.0


async def refill(*, tail: HotTail, log: LogReader, events: EventReader) -> None:
    """Add every event after the stored offsets to the tail.

    Call this function before the first request is served and after subscribing to STORED_CHANNEL. Events that are
    stored during the refill are trimmed at its end or by the next watermark.
    """
    stored = await events.stored()
    for partition, end in (await log.ends()).items():
        await _refill_partition(tail, log, partition, stored.get(partition, -1), end)
    await tail.trim(await events.stored())


async def _refill_partition(tail: HotTail, log: LogReader, partition: int, after: int, end: int) -> None:
    while after < end:
        records = await log.read(partition, after=after, limit=_BATCH)
        if not records:
            return
        # Add concurrently, because a shared tail may be a network hop away.
        await asyncio.gather(*(tail.add(event) for event in readable(records)))
        after = records[-1].position.offset


def readable(records: Sequence[LogRecord]) -> Iterator[LogEvent]:
    """Yield the events of the records that can be decoded. Skip unreadable records with a warning."""
    for record in records:
        try:
            yield decode_record(record)
        except ValueError as error:
            # The persister makes the record a dead letter. No client has received it.
            logger("history").warning("unreadable record", position=str(record.position), error=str(error))


async def read_again(log: EpochLog, position: LogPosition) -> LogEvent | None:
    """Return the event that the log has at this offset, with its ordinal of the newest epoch.

    Return None if the log has no readable event there.
    """
    await log.refresh()
    present = log.ordinals.of(LogPosition(position.partition, offset_of(position.offset)))
    records = await log.read(position.partition, after=present.offset - 1, limit=1)
    return next(readable([record for record in records if record.position == present]), None)


class TailRenewal:
    """Refills the hot tail at the start and whenever the log gets another epoch.

    Drops events that only a lost log had.
    """

    def __init__(self, *, tail: HotTail, log: EpochLog, events: EventReader) -> None:
        self._tail = tail
        self._log = log
        self._events = events
        self._ordinals: Ordinals | None = None

    async def step(self) -> None:
        """Renew the tail if the log has got another epoch since the last renewal.

        Raise UNAVAILABLE if the log, the store or the tail is unavailable.
        """
        ordinals = self._log.ordinals
        if ordinals is not self._ordinals:
            floors = ordinals.floors(await self._log.ends())
            # First refuse, then refill: the log has all records that were added with ordinals of an earlier epoch.
            await self._tail.refuse(floors)
            await refill(tail=self._tail, log=self._log, events=self._events)
            await self._tail.trim(floors)
            self._ordinals = ordinals

    async def run(self) -> None:
        """Renew the tail until cancelled. A new epoch is noticed within about a second."""
        while True:
            with suppress(ChatlyError):  # the next attempt may succeed
                await self.step()
            await asyncio.sleep(_CHECK_SECONDS)
