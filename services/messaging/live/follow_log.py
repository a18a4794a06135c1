"""Delivers the events of other nodes from the log while the live bus is down or the shared hot tail is unreachable."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from history.audience import STORED_CHANNEL, channels_of
from history.codec import pack_lasting, remember
from history.model import LogEvent
from history.ports import EventReader
from history.unstored.refill import readable
from history.watermark import encode_watermark
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.errors import ChatlyError
from kernel.log.ports import LogReader
from kernel.telemetry import metrics
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.messaging.live.cursor import Watermark

POLL_SECONDS = 0.25
GRACE_SECONDS = 3.0
"""Seconds for which the log is followed after the bus is up again, because other nodes may not reach the bus yet."""
MAX_DELIVERED = 4_096
"""The most unstored events that are delivered one by one at the start. If there are more, every stream replays."""
_BATCH = 500
_TAIL_SECONDS = 1.0


class FollowedTail(Protocol):
    """A hot tail that is shared by all nodes, with a fallback in this process."""

    @property
    def unavailable(self) -> bool:
        """Whether the shared tail is unreachable or incomplete."""
        ...

    async def add_from_log(self, event: LogEvent) -> None:
        """Keep an event in the tail of this process until the event is trimmed."""
        ...

    async def check(self) -> None:
        """Use the shared tail again if it is reachable."""
        ...


class LogFollower:
    """Gives this node every new event of the log while the bus is down or the shared tail is unreachable.

    It starts after the watermark, because the bus has delivered everything up to there. Each event goes to the hot
    tail, then like a bus message to the subscriptions of this process. Streams drop repeats by event id. The follower
    reads the stored offsets from the store, and never publishes a watermark beyond the last event that it has
    delivered.
    """

    def __init__(
        self,
        *,
        bus: LiveBus,
        log: LogReader,
        events: EventReader,
        tail: FollowedTail,
        watermark: Watermark,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`watermark`: the hub's watermark."""
        self._bus = bus
        self._reader = log
        self._events = events
        self._tail = tail
        self._watermark = watermark
        self._clock = clock
        self._sleep = sleep
        self._until = -math.inf
        self._offsets: dict[int, int] | None = None
        """Partition → ordinal of the last event that was read; None while the log is not followed."""
        self._undelivered: Mapping[int, int] = {}
        """Events up to these offsets go to the hot tail only, because every stream replays them."""
        self._problem = ""
        self._log = logger("messaging")
        self._follows = metrics.gauge("chatly_live_follows_log", "1 while live events are read from the log.")

    async def run(self) -> None:
        """Follow the log whenever this is necessary, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_tail())
            while True:
                await self.step()
                await self._sleep(POLL_SECONDS)

    async def step(self) -> None:
        """Deliver the log's new events, if the bus or the shared tail is unavailable or was within GRACE_SECONDS."""
        now = self._clock.monotonic()
        if not self._bus.up or self._tail.unavailable:
            self._until = now + GRACE_SECONDS
        if now >= self._until:
            self._stop()
            return
        try:
            await self._follow()
            self._problem = ""
        except ChatlyError as error:
            # For example, Kafka or the store is down as well. The next step continues after the last event read.
            if str(error) != self._problem:
                self._problem = str(error)
                self._log.warning("the log cannot be followed", error=self._problem)

    async def _follow(self) -> None:
        ends = await self._reader.ends()
        if self._offsets is None:
            self._offsets = self._start(ends)
        offsets = self._offsets
        for partition, end in ends.items():
            while offsets.get(partition, -1) < end and await self._read(partition, offsets):
                pass
        if self._undelivered:
            self._undelivered = {}
            await self._bus.deliver([BusGap()])
        stored = await self._events.stored()
        passed = {partition: min(offset, offsets.get(partition, -1)) for partition, offset in stored.items()}
        await self._bus.deliver([BusMessage(STORED_CHANNEL, encode_watermark(passed))])

    def _start(self, ends: Mapping[int, int]) -> dict[int, int]:
        stored = self._watermark.offsets
        # If a log was lost and another epoch has begun, this exceeds MAX_DELIVERED too, so every stream replays.
        behind = sum(max(0, end - stored.get(partition, -1)) for partition, end in ends.items())
        self._undelivered = ends if behind > MAX_DELIVERED else {}
        self._follows.set(1)
        self._log.warning("live events are read from the log: the live bus is down", replay=bool(self._undelivered))
        return dict(stored)

    def _stop(self) -> None:
        if self._offsets is not None:
            self._offsets = None
            self._follows.set(0)
            self._log.info("the live bus delivers events again")

    async def _read(self, partition: int, offsets: dict[int, int]) -> bool:
        records = await self._reader.read(partition, after=offsets.get(partition, -1), limit=_BATCH)
        messages: list[BusMessage] = []
        for stored in readable(records):
            # Add to the tail first: a stream that enters a channel later finds the event there.
            await self._tail.add_from_log(stored)
            if stored.position.offset > self._undelivered.get(partition, -1):
                payload = pack_lasting(stored)
                remember(payload, stored)
                messages += [BusMessage(channel, payload) for channel in channels_of(stored.event)]
        await self._bus.deliver(messages)
        if records:
            offsets[partition] = records[-1].position.offset
        return bool(records)

    async def _check_tail(self) -> None:
        while True:
            if self._tail.unavailable:
                await self._tail.check()
            await self._sleep(_TAIL_SECONDS)
