"""The live bus over Redis's sharded publish and subscribe.

Order holds per publisher and lane (`lanes.py`). One Redis needs one lane: everything is in order there. A cluster has
many, or one of its nodes would carry everything; then a message to a fence, as the watermark's channel is, goes down
every lane and is handed on once the last copy is there: after all that its publisher had published before.

Whoever could not send something says so on the lane as soon as it can: listeners get a BusGap for it, as for a cut of
their own connection. So what is missing is never missing silently, and a watermark never runs ahead of a loss.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from kernel.bus.inbox import Inbox
from kernel.bus.ports import BusGap, BusMessage, BusSubscription
from kernel.redis.handle import RedisHandle
from kernel.redis.shards import Fences, Lanes, Stamps
from kernel.redis.subscriber import Line
from kernel.runner import background
from kernel.telemetry.metrics import counter

_PAUSE_SECONDS = 0.25


class RedisBus:
    """LiveBus between processes. Made by `open_redis_bus`."""

    def __init__(self, *, redis: RedisHandle, lanes: Lanes, capacity: int, silence: float) -> None:
        """As `open_redis_bus`."""
        self._redis = redis
        self._lanes = lanes
        self._capacity = capacity
        self._silence = silence
        self._stamps = Stamps()
        self._new_lines: asyncio.Queue[Line] = asyncio.Queue()
        self._broken: set[int] = set()
        self._lost = asyncio.Event()
        self._dropped = counter("chatly_bus_dropped_total", "Live messages that could not be sent")

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        newest: asyncio.Future[Any] | None = None
        for message in messages:
            for lane, payload in self._copies(message):
                if lane in self._broken:
                    # The word of the loss, which is still to be sent, covers this one too.
                    self._dropped.inc()
                    continue
                newest = self._redis.submit("SPUBLISH", self._lanes.name(lane, message.channel), payload)
                newest.add_done_callback(partial(self._sent, lane))
        if newest is not None and self._redis.crowded:
            await asyncio.wait([newest])

    def subscribe(self) -> BusSubscription:
        return RedisSubscription(
            redis=self._redis,
            lanes=self._lanes,
            inbox=Inbox(capacity=self._capacity),
            start=self._new_lines.put_nowait,
            silence=self._silence,
        )

    async def run(self) -> None:
        """For ever: listen for all subscriptions, and tell of losses."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_losses())
            while True:
                group.create_task((await self._new_lines.get()).run())

    def _copies(self, message: BusMessage) -> Iterator[tuple[int, bytes]]:
        fenced = message.channel in self._lanes.fences
        payload = self._stamps.stamped(message.payload) if fenced else message.payload
        return ((lane, payload) for lane in self._lanes.of(message.channel))

    def _sent(self, lane: int, answer: asyncio.Future[Any]) -> None:
        if _failed(answer):
            self._dropped.inc()
            self._lose(lane)

    def _told(self, lane: int, answer: asyncio.Future[Any]) -> None:
        if _failed(answer):
            self._lose(lane)

    def _lose(self, lane: int) -> None:
        self._broken.add(lane)
        self._lost.set()

    async def _tell_losses(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            lanes, self._broken = self._broken, set()
            answers = [self._tell(lane) for lane in lanes]
            if answers:
                await asyncio.wait(answers)
            if self._broken:
                await asyncio.sleep(_PAUSE_SECONDS)

    def _tell(self, lane: int) -> asyncio.Future[Any]:
        answer = self._redis.submit("SPUBLISH", self._lanes.losses(lane), b"")
        answer.add_done_callback(partial(self._told, lane))
        return answer


class RedisSubscription:
    """BusSubscription of RedisBus: one connection for each lane that it hears anything on."""

    def __init__(
        self, *, redis: RedisHandle, lanes: Lanes, inbox: Inbox, start: Callable[[Line], None], silence: float
    ) -> None:
        """`start` has a line run; `silence` as `open_redis_bus`."""
        self._redis = redis
        self._lanes = lanes
        self._start = start
        self._inbox = inbox
        self._silence = silence
        self._fences = Fences(lanes=lanes.count)
        self._lines: dict[int, Line] = {}

    async def add(self, channels: Iterable[str]) -> None:
        wanted = self._lanes.by_lane(list(channels))
        await asyncio.gather(*(self._line(lane).add(names) for lane, names in wanted.items()))

    async def remove(self, channels: Iterable[str]) -> None:
        for lane, names in self._lanes.by_lane(list(channels)).items():
            if line := self._lines.get(lane):
                line.remove(names)

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        return await self._inbox.take()

    async def close(self) -> None:
        for line in self._lines.values():
            line.close()

    def _line(self, lane: int) -> Line:
        if lane not in self._lines:
            losses = self._lanes.losses(lane)
            self._lines[lane] = line = Line(
                connect=partial(self._redis.connection, losses),
                hear=partial(self._hear, lane),
                missed=self._missed,
                first=[losses],
                # A watermark must not be heard before what it covers can be.
                last=[self._lanes.name(lane, fence) for fence in self._lanes.fences],
                silence=self._silence,
            )
            self._start(line)
        return self._lines[lane]

    def _hear(self, lane: int, name: str, payload: bytes) -> None:
        if name == self._lanes.losses(lane):
            return self._missed()
        channel = self._lanes.channel(lane, name)
        passed = self._fences.passed(lane, payload) if channel in self._lanes.fences else payload
        if passed is not None:
            self._inbox.push(BusMessage(channel, passed))
        return None

    def _missed(self) -> None:
        self._inbox.push(BusGap())


@asynccontextmanager
async def open_redis_bus(
    redis: RedisHandle, *, fences: Collection[str] = (), capacity: int = 65_536, silence: float = 6.0
) -> AsyncIterator[RedisBus]:
    """A bus over an open Redis. `fences`: channels whose messages come after all that their publisher sent before.

    All processes must name the same fences. `capacity`: messages that one subscription may leave unread; `silence`:
    seconds after which a connection that does not answer is taken for dead. Subscriptions end with the bus.
    """
    lanes = Lanes(count=redis.lanes, prefix=redis.key(""), fences=fences)
    bus = RedisBus(redis=redis, lanes=lanes, capacity=capacity, silence=silence)
    async with background({"redis bus": bus.run}):
        yield bus


def _failed(answer: asyncio.Future[Any]) -> bool:
    return answer.cancelled() or answer.exception() is not None
