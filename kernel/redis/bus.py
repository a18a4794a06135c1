"""The live bus over Redis's sharded publish and subscribe.

Messages are in order per publisher and shard (`shards.py`). A single Redis needs one shard; a cluster needs several, so
that all its nodes share the load. A message on a barrier, such as the watermark, is then sent on every shard, and
delivered when the last copy has arrived: after everything that its publisher has published before.

A publisher that could not send a message reports the loss on that shard as soon as it can. Subscriptions then get a
BusGap, as they do after a lost connection. So no message is lost silently, and no watermark overtakes a loss.

The subscriptions of a process get its own messages directly, with or without Redis. The copies that return from Redis
are dropped.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from kernel.bus.memory import Inbox, dropped_counter, up_gauge
from kernel.bus.ports import BusGap, BusMessage, BusSubscription
from kernel.redis.handle import RedisHandle
from kernel.redis.shards import BarrierIds, Barriers, Shards
from kernel.redis.subscriber import SubscriberConnection
from kernel.runner import background

_PAUSE_SECONDS = 0.25
_PING_SECONDS = 0.25
# The limit of own messages that Redis has yet to return. The oldest one beyond it was lost with its connection, and a
# gap reports that.
_MAX_RETURNING = 8_192


class RedisBus:
    """LiveBus between processes. `open_redis_bus` creates it."""

    def __init__(self, *, redis: RedisHandle, shards: Shards, capacity: int, silence: float) -> None:
        """See `open_redis_bus`."""
        self._redis = redis
        self._shards = shards
        self._capacity = capacity
        self._silence = silence
        self._barrier_ids = BarrierIds()
        self._new_connections: asyncio.Queue[SubscriberConnection] = asyncio.Queue()
        self._connections: set[SubscriberConnection] = set()
        self._subscriptions: dict[str, set[RedisSubscription]] = {}
        self._broken: set[int] = set()
        self._lost = asyncio.Event()
        self._responds = True
        self._dropped = dropped_counter()
        self._gauge = up_gauge()

    @property
    def up(self) -> bool:
        return self._responds and not self._broken and not any(each.disconnected for each in self._connections)

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        newest: asyncio.Future[Any] | None = None
        for message in messages:
            for subscription in self._subscriptions.get(message.channel, ()):
                subscription.push_own(message)
            for shard, payload in self._copies(message):
                if shard in self._broken:
                    # The report of the earlier loss on this shard is still to be sent. It covers this message as well.
                    self._dropped.inc()
                    continue
                newest = self._redis.submit("SPUBLISH", self._shards.name(shard, message.channel), payload)
                newest.add_done_callback(partial(self._sent, shard))
        if newest is not None and self._redis.crowded:
            await asyncio.wait([newest])

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        for message in messages:
            if isinstance(message, BusGap):
                for subscription in {each for some in self._subscriptions.values() for each in some}:
                    subscription.push(message)
            else:
                for subscription in self._subscriptions.get(message.channel, ()):
                    subscription.push(message)

    def subscribe(self) -> BusSubscription:
        return RedisSubscription(
            redis=self._redis,
            shards=self._shards,
            by_channel=self._subscriptions,
            inbox=Inbox(capacity=self._capacity),
            start=self._new_connections.put_nowait,
            is_up=lambda: self.up,
            silence=self._silence,
        )

    async def run(self) -> None:
        """Read the connections of all subscriptions and report losses, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._report_losses())
            group.create_task(self._watch())
            while True:
                group.create_task(self._run(await self._new_connections.get()))

    async def _run(self, connection: SubscriberConnection) -> None:
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def _watch(self) -> None:
        """Ping Redis regularly, because it may keep its connections open and not answer."""
        while True:
            answer = self._redis.submit("PING")
            await asyncio.wait([answer])
            self._responds = not _failed(answer)
            self._gauge.set(self.up)
            await asyncio.sleep(_PING_SECONDS)

    def _copies(self, message: BusMessage) -> Iterator[tuple[int, bytes]]:
        is_barrier = message.channel in self._shards.barriers
        payload = self._barrier_ids.with_id(message.payload) if is_barrier else message.payload
        return ((shard, payload) for shard in self._shards.of(message.channel))

    def _sent(self, shard: int, answer: asyncio.Future[Any]) -> None:
        if _failed(answer):
            self._dropped.inc()
            self._lose(shard)

    def _reported(self, shard: int, answer: asyncio.Future[Any]) -> None:
        if _failed(answer):
            self._lose(shard)

    def _lose(self, shard: int) -> None:
        self._broken.add(shard)
        self._lost.set()

    async def _report_losses(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            shards, self._broken = self._broken, set()
            answers = [self._report_loss(shard) for shard in shards]
            if answers:
                await asyncio.wait(answers)
            if self._broken:
                await asyncio.sleep(_PAUSE_SECONDS)

    def _report_loss(self, shard: int) -> asyncio.Future[Any]:
        answer = self._redis.submit("SPUBLISH", self._shards.losses(shard), b"")
        answer.add_done_callback(partial(self._reported, shard))
        return answer


class RedisSubscription:
    """BusSubscription of RedisBus: one connection for each shard with a channel of this subscription."""

    def __init__(
        self,
        *,
        redis: RedisHandle,
        shards: Shards,
        by_channel: "dict[str, set[RedisSubscription]]",
        inbox: Inbox,
        start: Callable[[SubscriberConnection], None],
        is_up: Callable[[], bool],
        silence: float,
    ) -> None:
        """`by_channel`: all subscriptions of this process. `start` runs a connection.

        `silence`: see `open_redis_bus`.
        """
        self._redis = redis
        self._shards = shards
        self._by_channel = by_channel
        self._channels: set[str] = set()
        self._returning: dict[tuple[str, bytes], int] = {}
        """The number of copies of each own message that Redis has yet to return.

        An equal message of another process may be dropped in place of a copy.
        """
        self._start = start
        self._is_up = is_up
        self._inbox = inbox
        self._silence = silence
        self._barriers = Barriers(shards=shards.count)
        self._connections: dict[int, SubscriberConnection] = {}

    def push(self, message: BusMessage | BusGap) -> None:
        """Add a message to the inbox."""
        self._inbox.push(message)

    def push_own(self, message: BusMessage) -> None:
        """Add a message of this process to the inbox, and expect its copy from Redis."""
        self._inbox.push(message)
        # The key is not the message itself, because Python hashes a tuple in a tenth of the time.
        key = message.channel, message.payload
        self._returning[key] = self._returning.get(key, 0) + 1
        if len(self._returning) > _MAX_RETURNING:
            del self._returning[next(iter(self._returning))]

    async def add(self, channels: Iterable[str]) -> None:
        names = list(channels)
        for channel in names:
            self._channels.add(channel)
            self._by_channel.setdefault(channel, set()).add(self)
        wanted = self._shards.by_shard(names)
        wait = self._is_up()
        await asyncio.gather(*(self._connection(shard).add(names, wait=wait) for shard, names in wanted.items()))

    async def remove(self, channels: Iterable[str]) -> None:
        removed = list(channels)
        self._leave(removed)
        for shard, names in self._shards.by_shard(removed).items():
            if connection := self._connections.get(shard):
                connection.remove(names)

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        return await self._inbox.take()

    async def close(self) -> None:
        self._leave(list(self._channels))
        for connection in self._connections.values():
            connection.close()

    def _leave(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self._channels.discard(channel)
            here = self._by_channel.get(channel, set())
            here.discard(self)
            if not here:
                self._by_channel.pop(channel, None)

    def _connection(self, shard: int) -> SubscriberConnection:
        if shard not in self._connections:
            losses = self._shards.losses(shard)
            self._connections[shard] = connection = SubscriberConnection(
                connect=partial(self._redis.connection, losses),
                on_message=partial(self._on_message, shard),
                on_gap=self._on_gap,
                first=[losses],
                # Subscribed last: a watermark must not arrive before the channels of the messages that it covers are
                # subscribed.
                last=[self._shards.name(shard, barrier) for barrier in self._shards.barriers],
                silence=self._silence,
            )
            self._start(connection)
        return self._connections[shard]

    def _on_message(self, shard: int, name: str, payload: bytes) -> None:
        if name == self._shards.losses(shard):
            # This connection was not interrupted: the copies of own messages still return.
            return self._inbox.push(BusGap())
        channel = self._shards.channel(shard, name)
        complete = self._barriers.passed(shard, payload) if channel in self._shards.barriers else payload
        if complete is not None and not self._is_own(channel, complete):
            self._inbox.push(BusMessage(channel, complete))
        return None

    def _is_own(self, channel: str, payload: bytes) -> bool:
        key = channel, payload
        if not self._returning or not (expected := self._returning.pop(key, 0)):
            return False
        if expected > 1:
            self._returning[key] = expected - 1
        return True

    def _on_gap(self) -> None:
        self._returning.clear()
        self._inbox.push(BusGap())


@asynccontextmanager
async def open_redis_bus(
    redis: RedisHandle, *, barriers: Collection[str] = (), capacity: int = 65_536, silence: float = 6.0
) -> AsyncIterator[RedisBus]:
    """Open a bus over a Redis handle. Subscriptions end with the bus.

    `barriers`: channels whose messages arrive after everything that their publisher sent before. All processes must use
    the same barriers. `capacity`: number of unread messages that a subscription may have. `silence`: seconds without a
    response after which a connection is considered dead.
    """
    shards = Shards(count=redis.shards, prefix=redis.key(""), barriers=barriers)
    bus = RedisBus(redis=redis, shards=shards, capacity=capacity, silence=silence)
    async with background({"redis bus": bus.run}):
        yield bus


def _failed(answer: asyncio.Future[Any]) -> bool:
    return answer.cancelled() or answer.exception() is not None
