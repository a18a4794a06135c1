"""Many subscribers: which messages each received, how often, and with which delay."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from chatly.messaging.v1.live_pb2 import LiveEvent

from tests.faults.chatter import Subscriber
from tests.load.report import Report
from tests.waiting import eventually

OPENING_SECONDS = 300.0
HEARING_SECONDS = 180.0


@dataclass
class Ear(Subscriber):
    """A Subscriber that stores only the ID and the delay of a message: there are thousands."""

    heard: set[str] = field(default_factory=set)
    """IDs of events."""
    delays: dict[str, float] = field(default_factory=dict)
    """message_id → seconds from its `created_at`, by this machine's clock, to the first arrival here."""
    doubled: list[str] = field(default_factory=list)
    """message_id of messages that arrived as two different events."""

    def take(self, event: LiveEvent) -> None:
        if not event.event_id:
            super().take(event)
        elif event.event_id not in self.heard:
            self.heard.add(event.event_id)
            if event.HasField("message_created"):
                self._hear(event)

    def _hear(self, event: LiveEvent) -> None:
        message = event.message_created
        if message.message_id in self.message_ids:
            self.doubled.append(message.message_id)
        self.message_ids.add(message.message_id)
        self.delays[message.message_id] = time.time() - message.created_at.ToNanoseconds() / 1e9


@asynccontextmanager
async def listening(ears: Sequence[Subscriber]) -> AsyncIterator[None]:
    """Subscribe all within the block. They resubscribe whenever they lose their stream."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ear.run()) for ear in ears]
        await eventually(
            lambda: all(ear.caught_up.is_set() for ear in ears), "all are subscribed", seconds=OPENING_SECONDS
        )
        yield
        for task in tasks:
            task.cancel()


async def comes_true(condition: Callable[[], Awaitable[bool]], *, seconds: float) -> bool:
    """Return whether it does within this time."""
    try:
        await eventually(condition, seconds=seconds)
    except pytest.fail.Exception:
        return False
    return True


async def hear(ears: Iterable[Ear], message_ids: set[str], *, seconds: float = HEARING_SECONDS) -> None:
    """Wait until every subscriber has received all of it."""
    for ear in ears:
        await eventually(lambda ear=ear: ear.has_heard(message_ids), "all is heard", seconds=seconds)


def require_each_once(report: Report, who: str, ears: Collection[Ear], message_ids: set[str]) -> None:
    """Return whether each received exactly these messages, each event_id once, without a resync."""
    missing = sum(len(message_ids - ear.message_ids) for ear in ears)
    foreign = sum(len(ear.message_ids - message_ids) for ear in ears)
    doubled = sum(len(ear.doubled) for ear in ears)
    resyncs = sum(ear.resyncs for ear in ears)
    report.require(
        f"{who} have every message once",
        holds=not (missing or foreign or doubled or resyncs),
        but=f"{missing} missing, {foreign} never sent, {doubled} doubled, {resyncs} resyncs",
    )
