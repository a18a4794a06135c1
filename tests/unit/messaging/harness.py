"""One or more messaging nodes over memory and a real SQLite store; events are persisted when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from history.chat_id import ChatId
from history.codec import decode
from history.model import AttachedMedia, ChatEvent, Message
from history.open import HistoryStore, open_history
from history.ports import SendClaims
from history.unstored.claims import MemorySendClaims
from history.unstored.memory import MemoryHotTail
from history.view import ChatOverview, History
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from kernel.errors import ChatlyError, KernelReason, Reason, not_found, unavailable
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.time import Clock
from services.media.errors import MediaReason
from services.messaging.api.grpc import MessagingServicer
from services.messaging.model import Blocks, ChatRef, Draft, MediaFile, MediaPurpose, NewGroup
from services.messaging.settings import MessagingSettings
from services.messaging.wiring import Dependencies, MessagingNode, build_node
from tests.builders import an_id
from tests.fakes import FakeClock, MemoryLog, OneLog

LOG_UNAVAILABLE = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unreachable")
STORE_UNAVAILABLE = unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unreachable")


@contextmanager
def refused(reason: Reason) -> Iterator[None]:
    """Assert that the block raises a ChatlyError with this reason."""
    with pytest.raises(ChatlyError) as caught:
        yield
    assert caught.value.reason == reason


@dataclass
class FakeDirectory:
    """A UserDirectory of the users created here, without those in `deleted`."""

    blocked: dict[UserId, set[UserId]] = field(default_factory=dict)
    deleted: set[UserId] = field(default_factory=set)
    unavailable: ChatlyError | None = None
    lookups: list[frozenset[UserId]] = field(default_factory=list)

    def a_user(self) -> UserId:
        user_id = UserId(an_id())
        self.blocked[user_id] = set()
        return user_id

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        self.lookups.append(frozenset(user_ids))
        if self.unavailable is not None:
            raise self.unavailable
        return {
            user_id: frozenset(self.blocked[user_id])
            for user_id in user_ids
            if user_id in self.blocked and user_id not in self.deleted
        }


@dataclass
class FakeLibrary:
    """A MediaLibrary of the files created here."""

    files: dict[str, MediaFile] = field(default_factory=dict)

    def a_file(self, owner: UserId, purpose: MediaPurpose = MediaPurpose.MESSAGE) -> str:
        media = AttachedMedia(an_id(), "image/jpeg", "cat.jpg", 1_234, 640, 480, has_thumbnail=True, sha256=b"x" * 32)
        self.files[media.media_id] = MediaFile(owner, purpose, media)
        return media.media_id

    async def media(self, media_id: str) -> MediaFile:
        if media_id not in self.files:
            raise not_found(MediaReason.MEDIA_NOT_FOUND, "file not found")
        return self.files[media_id]


@dataclass
class HeldLog(MemoryLog):
    """A log that can append a record and delay its answer. If it is unavailable by then, it raises."""

    held: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def append(self, key: str, value: bytes) -> LogPosition:
        position = await super().append(key, value)
        self.reached.set()
        if self.held is not None:
            await self.held.wait()
        if self.unavailable is not None:
            raise self.unavailable
        return position


@dataclass
class StoreSwitch:
    """A MessageReader and ChatReader over a store, which can be made unavailable."""

    store: HistoryStore
    unavailable: bool = False

    def __getattr__(self, name: str) -> object:
        if self.unavailable:
            raise STORE_UNAVAILABLE
        for reader in (self.store.messages, self.store.chats):
            if hasattr(reader, name):
                return getattr(reader, name)
        raise AttributeError(name)


@dataclass
class Harness:
    """The node under test and its dependencies."""

    node: MessagingNode
    dependencies: Dependencies
    clock: FakeClock
    log: HeldLog
    bus: MemoryBus
    directory: FakeDirectory
    media: FakeLibrary
    store_switch: StoreSwitch
    _persisted: dict[int, int] = field(default_factory=dict)

    @property
    def service(self) -> MessagingServicer:
        """The use cases of the node, by name."""
        return self.node.servicer

    @property
    def history(self) -> History:
        store = self.dependencies.store
        tail = self.dependencies.tail
        return History(messages=store.messages, chats=store.chats, events=store.events, tail=tail, clock=self.clock)

    def another_node(self, *, clock: Clock | None = None, claims: SendClaims | None = None) -> MessagingNode:
        """Return a second node over the same dependencies, except for those that are given."""
        own = self.dependencies
        dependencies = replace(own, clock=clock or own.clock, claims=claims or own.claims)
        return build_node(MessagingSettings(), dependencies, lineage=OneLog("log"))

    def a_user(self) -> UserId:
        return self.directory.a_user()

    def users(self, count: int) -> list[UserId]:
        return [self.a_user() for _ in range(count)]

    def block(self, user_id: UserId, other: UserId) -> None:
        self.directory.blocked[user_id].add(other)
        self.expire_cached_blocks()

    def delete_account(self, user_id: UserId) -> None:
        self.directory.deleted.add(user_id)
        self.expire_cached_blocks()

    def expire_cached_blocks(self) -> None:
        self.clock.advance(6)

    def events(self) -> list[ChatEvent]:
        """Return every event on the log."""
        return [decode(record.value) for record in self.log.records()]

    async def persist(self) -> None:
        """Do the work of the persister: store the new records of the log, then trim the tail."""
        for partition in range(self.log.partitions):
            records = await self.log.read(partition, after=self._persisted.get(partition, -1), limit=10_000)
            if records:
                await self.dependencies.store.writer.apply(records)
                self._persisted[partition] = records[-1].position.offset
        await self.dependencies.tail.trim(self._persisted)

    async def subscribe(self, *channels: str) -> "BusListener":
        listener = BusListener(self.bus)
        await listener.add(channels)
        return listener

    async def send(
        self,
        sender: UserId,
        to: UserId | ChatId,
        text: str = "hello",
        *,
        name: UUID | None = None,
        reply_to: UUID | None = None,
        media_ids: tuple[str, ...] = (),
    ) -> Message:
        """Send to a user, or to a group by its id. `name`: the client_message_id."""
        draft = self.draft(to, text, name=name, reply_to=reply_to, media_ids=media_ids)
        return await self.service.send_message(draft, sender=sender)

    def draft(
        self,
        to: UserId | ChatId,
        text: str = "hello",
        *,
        name: UUID | None = None,
        reply_to: UUID | None = None,
        media_ids: tuple[str, ...] = (),
    ) -> Draft:
        chat = ChatRef(user_id=to) if to in self.directory.blocked else ChatRef(chat_id=to)
        return Draft(chat=chat, client_message_id=name or uuid4(), text=text, reply_to=reply_to, media_ids=media_ids)

    async def a_group(self, owner: UserId, *others: UserId, title: str = "A group") -> ChatOverview:
        group = NewGroup(client_group_id=uuid4(), title=title, member_ids=others)
        return await self.service.create_group(group, creator=owner)


def between(one: UserId, other: UserId) -> ChatRef:
    """Return the 1:1 chat of two users, by its id."""
    return ChatRef(ChatId.direct(one, other))


class BusListener:
    """Collects the messages of some channels of the bus."""

    def __init__(self, bus: MemoryBus) -> None:
        self._subscription = bus.subscribe()
        self._bus = bus

    async def add(self, channels: Collection[str]) -> None:
        await self._subscription.add([*channels, "end"])

    async def received(self) -> list[BusMessage]:
        """Return the messages published since the last call."""
        await self._bus.publish([BusMessage("end", b"")])
        messages = await self._subscription.receive()
        return [message for message in messages if isinstance(message, BusMessage) and message.channel != "end"]


@asynccontextmanager
async def open_harness(folder: Path) -> AsyncIterator[Harness]:
    clock, log, bus = FakeClock(), HeldLog(), MemoryBus()
    directory, media = FakeDirectory(), FakeLibrary()
    async with open_history(folder, clock=clock) as store:
        switch = StoreSwitch(store)
        dependencies = Dependencies(
            clock=clock,
            log=log,
            bus=bus,
            store=replace(store, messages=switch, chats=switch),  # type: ignore[arg-type]
            tail=MemoryHotTail(),
            claims=MemorySendClaims(clock=clock),
            directory=directory,
            media=media,
        )
        node = build_node(MessagingSettings(), dependencies, lineage=OneLog("log"))
        yield Harness(node, dependencies, clock, log, bus, directory, media, switch)
        await node.hub.close()
