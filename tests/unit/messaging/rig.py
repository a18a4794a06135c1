"""One or more nodes of messaging over memory and a real SQLite store, with a persister that runs when it is told to."""

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
from history.unstored.memory import MemoryHotTail, MemorySendClaims
from history.view import ChatOverview, History
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from kernel.errors import ChatlyError, KernelReason, Reason, not_found, unavailable
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.time import Clock
from services.media.errors import MediaReason
from services.messaging.api.grpc import MessagingUseCases
from services.messaging.model import Blocks, ChatRef, Draft, MediaFile, MediaPurpose, NewGroup
from services.messaging.settings import MessagingSettings
from services.messaging.wiring.node import Node, build_node
from services.messaging.wiring.use_cases import Ground
from tests.builders import an_id
from tests.fakes import FakeClock, MemoryLog

LOG_AWAY = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is away")
STORE_AWAY = unavailable(KernelReason.STORE_UNAVAILABLE, "the store is away")


@contextmanager
def refused(reason: Reason) -> Iterator[None]:
    """What is done within fails for this reason."""
    with pytest.raises(ChatlyError) as caught:
        yield
    assert caught.value.reason == reason


@dataclass
class FakeDirectory:
    """UserDirectory: everybody exists who was made here and is not in `deleted`."""

    blocked: dict[UserId, set[UserId]] = field(default_factory=dict)
    deleted: set[UserId] = field(default_factory=set)
    unavailable: ChatlyError | None = None
    asked: list[frozenset[UserId]] = field(default_factory=list)

    def a_user(self) -> UserId:
        user_id = UserId(an_id())
        self.blocked[user_id] = set()
        return user_id

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        self.asked.append(frozenset(user_ids))
        if self.unavailable is not None:
            raise self.unavailable
        return {
            user_id: frozenset(self.blocked[user_id])
            for user_id in user_ids
            if user_id in self.blocked and user_id not in self.deleted
        }


@dataclass
class FakeLibrary:
    """MediaLibrary with the files it was given."""

    files: dict[str, MediaFile] = field(default_factory=dict)

    def a_file(self, owner: UserId, purpose: MediaPurpose = MediaPurpose.MESSAGE) -> str:
        media = AttachedMedia(an_id(), "image/jpeg", "cat.jpg", 1_234, 640, 480, has_thumbnail=True, sha256=b"x" * 32)
        self.files[media.media_id] = MediaFile(owner, purpose, media)
        return media.media_id

    async def media(self, media_id: str) -> MediaFile:
        if media_id not in self.files:
            raise not_found(MediaReason.MEDIA_NOT_FOUND, "no such file")
        return self.files[media_id]


@dataclass
class HeldLog(MemoryLog):
    """A log whose answers can be held back: the record is there, and nobody has been told. It may be away by then."""

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
    """MessageReader and ChatReader calls of a store, which can be made to fail."""

    store: HistoryStore
    away: bool = False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise STORE_AWAY
        for reader in (self.store.messages, self.store.chats):
            if hasattr(reader, name):
                return getattr(reader, name)
        raise AttributeError(name)


@dataclass
class Rig:
    """The node under test, `node`, and everything it stands on."""

    node: Node
    ground: Ground
    clock: FakeClock
    log: HeldLog
    bus: MemoryBus
    directory: FakeDirectory
    media: FakeLibrary
    store_switch: StoreSwitch
    _persisted: dict[int, int] = field(default_factory=dict)

    @property
    def use(self) -> MessagingUseCases:
        return self.node.use

    @property
    def history(self) -> History:
        store = self.ground.store
        return History(messages=store.messages, chats=store.chats, events=store.events, tail=self.ground.tail)

    def another_node(self, *, clock: Clock | None = None) -> Node:
        """A node beside the first, over the same ground."""
        ground = replace(self.ground, clock=clock) if clock else self.ground
        return build_node(MessagingSettings(), ground, log_id="log")

    def a_user(self) -> UserId:
        return self.directory.a_user()

    def users(self, count: int) -> list[UserId]:
        return [self.a_user() for _ in range(count)]

    def block(self, user_id: UserId, other: UserId) -> None:
        self.directory.blocked[user_id].add(other)
        self.forget_peers()

    def delete_account(self, user_id: UserId) -> None:
        self.directory.deleted.add(user_id)
        self.forget_peers()

    def forget_peers(self) -> None:
        """Let the cached answers of auth grow old."""
        self.clock.advance(6)

    def events(self) -> list[ChatEvent]:
        """Everything on the log."""
        return [decode(record.value) for record in self.log.records()]

    async def persist(self) -> None:
        """What the persister does: store what is new on the log, then trim the tail."""
        for partition in range(self.log.partitions):
            records = await self.log.read(partition, after=self._persisted.get(partition, -1), limit=10_000)
            if records:
                await self.ground.store.writer.apply(records)
                self._persisted[partition] = records[-1].position.offset
        await self.ground.tail.trim(self._persisted)

    async def listen(self, *channels: str) -> "Listener":
        listener = Listener(self.bus)
        await listener.add(channels)
        return listener

    async def say(
        self,
        sender: UserId,
        to: UserId | ChatId,
        text: str = "hello",
        *,
        name: UUID | None = None,
        reply_to: UUID | None = None,
        media_ids: tuple[str, ...] = (),
    ) -> Message:
        """Send to a user, or to a group by its id."""
        draft = self.draft(to, text, name=name, reply_to=reply_to, media_ids=media_ids)
        return await self.use.send_message(draft, sender=sender)

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
        return await self.use.create_group(group, creator=owner)


def between(one: UserId, other: UserId) -> ChatRef:
    """The chat of two people, by its id."""
    return ChatRef(ChatId.direct(one, other))


class Listener:
    """What came on some channels of the bus."""

    def __init__(self, bus: MemoryBus) -> None:
        self._subscription = bus.subscribe()
        self._bus = bus

    async def add(self, channels: Collection[str]) -> None:
        await self._subscription.add([*channels, "end"])

    async def heard(self) -> list[BusMessage]:
        """Everything published up to now."""
        await self._bus.publish([BusMessage("end", b"")])
        messages = await self._subscription.receive()
        return [message for message in messages if isinstance(message, BusMessage) and message.channel != "end"]


@asynccontextmanager
async def open_rig(folder: Path) -> AsyncIterator[Rig]:
    clock, log, bus = FakeClock(), HeldLog(), MemoryBus()
    directory, media = FakeDirectory(), FakeLibrary()
    async with open_history(folder, clock=clock) as store:
        switch = StoreSwitch(store)
        ground = Ground(
            clock=clock,
            log=log,
            bus=bus,
            store=replace(store, messages=switch, chats=switch),  # type: ignore[arg-type]
            tail=MemoryHotTail(),
            claims=MemorySendClaims(),
            directory=directory,
            media=media,
        )
        node = build_node(MessagingSettings(), ground, log_id="log")
        yield Rig(node, ground, clock, log, bus, directory, media, switch)
        await node.hub.close()
