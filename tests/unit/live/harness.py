"""Messaging nodes for the tests of live delivery, over log and bus in memory and a real store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from chatly.messaging.v1.live_pb2 import LiveEvent, Typing
from chatly.messaging.v1.messaging_service_pb2 import SubscribeResponse

from history.audience import STORED_CHANNEL, channels_of
from history.chat_id import ChatId
from history.codec import encode, pack_ephemeral, pack_lasting
from history.model import Change, ChatEvent, GroupCreated, LogEvent, MemberSet, MessageDeleted, MessageSent, Role
from history.open import HistoryStore, open_history
from history.ports import HotTail
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import refill
from history.view import History
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage, LiveBus
from kernel.errors import ChatlyError
from kernel.grpc.responses import SharedResponse
from kernel.ids import HybridClock, UserId
from kernel.log.ports import LogConsumer
from services.messaging.api.mapping.live import ProtoStreamEncoder
from services.messaging.live.encoding import DeliveryEncoder
from services.messaging.live.hub import Hub
from services.messaging.live.lifecycle import Drain, Heartbeats
from services.messaging.live.replay import ReplayReader
from services.messaging.live.subscribe import Subscribe
from services.persister.publish_stored import PublishStored
from tests.fakes import FakeClock, MemoryLog, OneLog
from tests.waiting import eventually

DEADLINE = 10.0
BUS_CAPACITY = 256


@dataclass
class Backend:
    """Log, bus and store, which outlive a node, and a persister that stores only when a test calls `persist`."""

    store: HistoryStore
    consumer: LogConsumer
    log: MemoryLog
    bus: LiveBus = field(default_factory=lambda: MemoryBus(capacity=BUS_CAPACITY))
    """The bus of the persister, and of nodes that get none."""
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.ids = HybridClock(clock=self.clock, tail=bytes(8))
        self.recorded: list[LogEvent] = []
        self._publish_stored = PublishStored(bus=self.bus, log=self.log)

    def event(self, chat_id: ChatId, actor: UserId, change: Change, audience: tuple[UserId, ...] = ()) -> ChatEvent:
        return ChatEvent(self.ids.next(), chat_id, actor, self.clock.now(), change, audience)

    async def append(self, event: ChatEvent) -> LogEvent:
        """Append an event as a node does that dies right after that."""
        stored = LogEvent(await self.log.append(event.chat_id, encode(event)), event)
        self.recorded.append(stored)
        return stored

    async def publish(self, stored: LogEvent, bus: LiveBus | None = None) -> None:
        payload = pack_lasting(stored)
        await (bus or self.bus).publish([BusMessage(channel, payload) for channel in channels_of(stored.event)])

    async def typing(self, channel: str, user: UserId) -> None:
        response = SubscribeResponse(events=[LiveEvent(typing=Typing(user_id=user, active=True))])
        await self.bus.publish([BusMessage(channel, pack_ephemeral(response.SerializeToString()))])

    async def overflow_bus(self) -> None:
        """Publish more than the nodes' subscriptions can hold: they lose all of it and receive a gap."""
        await self.bus.publish([BusMessage(STORED_CHANNEL, b"")] * (BUS_CAPACITY + 1))

    async def persist(self, *, at_most: int = 10_000, announce: bool = True) -> int:
        """Store records of the log; `announce=False`: the persister dies before it publishes them."""
        records = await self.consumer.fetch(max_records=at_most, wait=0)
        if records:
            applied = await self.store.writer.apply(records)
            if announce:
                await self._publish_stored(applied)
        return len(records)


class Node:
    """The live delivery of one messaging node, with its hot tail."""

    def __init__(
        self, backend: Backend, log_id: str, *, bus: LiveBus | None = None, tail: HotTail | None = None
    ) -> None:
        self.backend = backend
        self.bus = bus or backend.bus
        self.tail = tail or MemoryHotTail()
        store = backend.store
        self.history = History(
            messages=store.messages, chats=store.chats, events=store.events, tail=self.tail, clock=backend.clock
        )
        stream_encoder = ProtoStreamEncoder()
        encoder = DeliveryEncoder(encoder=stream_encoder, chats=self.history)
        self.hub = Hub(bus=self.bus, encoder=encoder, events=store.events, tail=self.tail)
        self.replays = ReplayReader(source=self.history, events=store.events, encoder=encoder)
        self.subscribe = Subscribe(hub=self.hub, replays=self.replays, encoder=stream_encoder, log=OneLog(log_id))
        self.heartbeats = Heartbeats(hub=self.hub, encoder=stream_encoder, clock=backend.clock)
        self.drain = Drain(hub=self.hub, encoder=stream_encoder, delay_ms=lambda: 7)

    async def record(self, event: ChatEvent) -> LogEvent:
        """Append and publish an event as messaging does."""
        stored = await self.backend.append(event)
        await self.tail.add(stored)
        await self.backend.publish(stored, self.bus)
        return stored

    async def send(self, chat_id: ChatId, sender: UserId, text: str = "hello") -> LogEvent:
        return await self.record(self.backend.event(chat_id, sender, MessageSent(uuid4(), text)))

    async def create_group(self, owner: UserId, *members: UserId) -> ChatId:
        name = uuid4()
        roles = {owner: Role.OWNER} | dict.fromkeys(members, Role.MEMBER)
        chat_id = ChatId.group(owner, name)
        await self.record(self.backend.event(chat_id, owner, GroupCreated(name, "group", "", "", roles)))
        return chat_id

    async def add(self, chat_id: ChatId, actor: UserId, user: UserId) -> LogEvent:
        return await self.record(self.backend.event(chat_id, actor, MemberSet(user, Role.MEMBER), audience=(user,)))

    async def remove(self, chat_id: ChatId, actor: UserId, user: UserId) -> LogEvent:
        return await self.record(self.backend.event(chat_id, actor, MemberSet(user, None), audience=(user,)))

    async def delete_for_me(self, chat_id: ChatId, actor: UserId, message_id: UUID) -> LogEvent:
        change = MessageDeleted(message_id, for_everyone=False)
        return await self.record(self.backend.event(chat_id, actor, change))

    @asynccontextmanager
    async def client(self, user: UserId, cursor: str = "") -> AsyncIterator["Client"]:
        """Open a subscription that reads continuously."""
        client = Client(self, user, cursor)
        try:
            yield client
        finally:
            await client.disconnect()


class Client:
    """Reads one stream, and keeps the events and the newest cursor. It is the stream's ResponseStream too."""

    takes_pushes = True
    """Whether the server's library can push responses."""

    def __init__(self, node: Node, user: UserId, cursor: str = "") -> None:
        self.user = user
        self.cursor = cursor
        self.events: list[LiveEvent] = []
        self.writes = 0
        self.pushed: list[SharedResponse] = []
        self.error: ChatlyError | None = None
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._task = asyncio.create_task(self._read(node, cursor))

    async def _read(self, node: Node, cursor: str) -> None:
        try:
            async with aclosing(node.subscribe(self.user, cursor, self)) as stream:
                async for data in stream:
                    self._take(data)
                    await self.may_read.wait()
        except ChatlyError as error:
            self.error = error

    def _take(self, data: bytes) -> None:
        response = SubscribeResponse.FromString(data)
        self.writes += 1
        self.events.extend(response.events)
        self.cursor = response.cursor or self.cursor

    def ready(self) -> bool:
        return self.takes_pushes and self.may_read.is_set() and not self._task.done()

    def push(self, response: SharedResponse) -> None:
        assert self.ready()
        self.pushed.append(response)
        self._take(response.data)

    async def disconnect(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def kinds(self) -> list[str]:
        return [str(event.WhichOneof("event")) for event in self.events]

    @property
    def ids(self) -> list[str]:
        """Ids of the stored events, repeats included."""
        return [event.event_id for event in self.events if event.event_id]

    @property
    def texts(self) -> list[str]:
        return [event.message_created.text for event in self.events if event.HasField("message_created")]

    async def caught_up(self) -> "Client":
        await eventually(lambda: "caught_up" in self.kinds or self.ended)
        return self

    async def saw(self, stored: LogEvent) -> None:
        await eventually(lambda: str(stored.event.event_id) in self.ids)

    async def saw_text(self, text: str) -> None:
        await eventually(lambda: text in self.texts)


@asynccontextmanager
async def a_backend(folder: Path, bus: LiveBus | None = None) -> AsyncIterator[Backend]:
    log = MemoryLog()
    async with open_history(folder) as store, log.consumer("persister") as consumer:
        yield Backend(store, consumer, log, bus or MemoryBus(capacity=BUS_CAPACITY))


@asynccontextmanager
async def a_node(backend: Backend, *, bus: LiveBus | None = None, tail: HotTail | None = None) -> AsyncIterator[Node]:
    """Run a node until the block ends; then it stops without draining."""
    node = Node(backend, await backend.log.log_id(), bus=bus, tail=tail)
    await node.hub.open()
    await refill(tail=node.tail, log=backend.log, events=backend.store.events)
    running = asyncio.create_task(node.hub.run())
    try:
        yield node
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await node.hub.close()
