"""Comparison of the log with the store, and the log whose offsets are ordinals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from history.codec import decode_record
from history.ports import EventReader
from kernel.log.epoch_check import LogCheck
from kernel.log.epoch_log import EpochLog
from kernel.log.epochs import StoredLog
from kernel.log.ports import LogRecord
from kernel.platform import Platform
from kernel.runner import background


async def is_stored(events: EventReader, record: LogRecord) -> bool:
    """Return whether the store has the record's event at the record's position."""
    try:
        event = decode_record(record).event
    except ValueError:
        return False
    found = await events.events_after(event.chat_id, record.position.offset - 1, 1)
    return any(each.position == record.position and each.event.event_id == event.event_id for each in found)


@asynccontextmanager
async def open_epoch_log(platform: Platform, store: StoredLog) -> AsyncIterator[EpochLog]:
    """Compare the platform's log with the store, and yield the log whose offsets are ordinals.

    Begin an epoch if the comparison requires it.
    """
    check = LogCheck(log=platform.log_reader, store=store, clock=platform.clock)
    log = EpochLog(
        log=platform.log,
        reader=platform.log_reader,
        consumer=platform.log_consumer,
        store=store,
        ordinals=await check(compare=True),
        clock=platform.clock,
    )
    async with background({"log epochs": log.watch}):
        yield log


def with_log(platform: Platform, log: EpochLog) -> Platform:
    """Return the platform with this log in place of its own."""
    return replace(platform, log=log, log_reader=log, log_consumer=log.consumer)
