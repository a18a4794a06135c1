"""The cache of chat states: updated by events, and never stale for long."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from uuid import uuid1, uuid4

import pytest

from history import codec
from history.audience import members_of
from history.chat_id import ChatId
from history.codec import decode
from history.model import ChatEvent, ChatState, LogEvent, MessageSent
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.errors import ChatlyError
from kernel.ids import HybridClock, UserId
from kernel.log.ports import LogPosition
from services.messaging.chat_states import ChatStates
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef
from services.messaging.wiring import MessagingNode
from tests.unit.messaging.harness import STORE_UNAVAILABLE, Harness, refused
from tests.waiting import eventually


class CountingHistory:
    """A History that counts its loads, and can delay or fail them."""

    def __init__(self, harness: Harness) -> None:
        self._history = harness.history
        self.loads = 0
        self.loaded = asyncio.Event()
        self.may_return: asyncio.Event | None = None
        self.error: ChatlyError | None = None

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        self.loads += 1
        if self.error is not None:
            raise self.error
        state = await self._history.chat(chat_id)
        self.loaded.set()
        if self.may_return is not None:
            await self.may_return.wait()
        return state


@asynccontextmanager
async def applying_events(states: ChatStates) -> AsyncIterator[None]:
    task = asyncio.create_task(states.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def cached_members(states: ChatStates, chat_id: ChatId) -> Collection[UserId]:
    return members_of(states.cached(chat_id) or ChatState(chat_id))


class RecordingSubscription:
    """A subscription that shows its channels."""

    def __init__(self, subscription: BusSubscription) -> None:
        self._subscription = subscription
        self.channels: set[str] = set()

    async def add(self, channels: Iterable[str]) -> None:
        self.channels |= set(channels)

    async def remove(self, channels: Iterable[str]) -> None:
        self.channels -= set(channels)

    async def receive(self) -> Sequence[BusMessage | BusGap]:
        return await self._subscription.receive()

    async def close(self) -> None:
        await self._subscription.close()


class OneSubscriptionBus(MemoryBus):
    """Returns the same `subscription` to every subscriber."""

    def __init__(self) -> None:
        super().__init__()
        self.subscription = RecordingSubscription(super().subscribe())

    def subscribe(self) -> BusSubscription:
        return self.subscription


def states_over(
    harness: Harness, history: CountingHistory, *, bus: LiveBus | None = None, capacity: int = 100
) -> ChatStates:
    ids = HybridClock(clock=harness.clock)
    return ChatStates(
        history=history,  # type: ignore[arg-type]
        bus=bus or harness.bus,
        ids=ids,
        clock=harness.clock,
        capacity=capacity,
    )


async def test_a_chat_is_loaded_once_and_updated_from_the_bus(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    async with applying_events(states):
        await states.get(group)

        await harness.service.groups.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in cached_members(states, group))
    assert history.loads == 1


async def test_a_node_decodes_events_of_other_processes_only(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)
    states = harness.node.states
    await states.get(sent.chat_id)
    decoded: list[bytes] = []

    def counting(value: bytes) -> ChatEvent:
        decoded.append(value)
        return decode(value)

    monkeypatch.setattr(codec, "decode", counting)
    async with applying_events(states):
        for number in range(3):
            await harness.send(ann, bob, str(number))
        elsewhere = ChatEvent(uuid1(), sent.chat_id, bob, harness.clock.now(), MessageSent(uuid4(), "from elsewhere"))
        payload = codec.pack_lasting(LogEvent(LogPosition(0, 1_000), elsewhere))
        await harness.bus.publish([BusMessage(f"user:{user}", payload) for user in (ann, bob)])

        await eventually(lambda: bob in (states.cached(sent.chat_id) or ChatState(sent.chat_id)).read_marks)
    assert decoded == [codec.encode(elsewhere)]


async def test_an_event_that_arrives_while_a_chat_is_loaded_is_not_lost(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    history = CountingHistory(harness)
    history.may_return = asyncio.Event()
    states = states_over(harness, history)
    loading = asyncio.create_task(states.get(group))
    await history.loaded.wait()
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    states.apply(harness.events()[-1])

    history.may_return.set()

    assert bob in members_of(await loading or ChatState(group))


async def test_chats_are_loaded_again_after_a_gap_on_the_bus(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history, bus = CountingHistory(harness), MemoryBus(capacity=1)
    states = states_over(harness, history, bus=bus)
    await states.get(group)
    await bus.publish([BusMessage(f"chat:{group}", b"")] * 3)

    async with applying_events(states):
        await eventually(lambda: states.cached(group) is None)
    await states.get(group)
    assert history.loads == 2


async def test_a_chat_is_loaded_again_after_its_maximum_age_because_the_bus_may_lose_events(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    await states.get(group)
    harness.clock.advance(31)

    await asyncio.gather(*(states.get(group) for _ in range(5)))

    assert history.loads == 2


async def test_the_cache_is_bounded_and_only_cached_chats_are_subscribed(harness: Harness) -> None:
    ann = harness.a_user()
    groups = [(await harness.a_group(ann)).state.chat_id for _ in range(3)]
    bus = OneSubscriptionBus()
    states = states_over(harness, CountingHistory(harness), bus=bus, capacity=2)
    for group in groups:
        await states.get(group)

    assert [states.cached(group) is not None for group in groups] == [False, True, True]
    assert bus.subscription.channels == {f"chat:{group}" for group in groups[1:]}


async def test_an_event_does_not_keep_an_unused_chat_in_the_cache(harness: Harness) -> None:
    ann = harness.a_user()
    unused, used, new = [(await harness.a_group(ann)).state.chat_id for _ in range(3)]
    created = next(event for event in harness.events() if event.chat_id == unused)
    states = states_over(harness, CountingHistory(harness), capacity=2)
    await states.get(unused)
    await states.get(used)

    states.apply(created)
    await states.get(new)

    assert [states.cached(group) is not None for group in (unused, used, new)] == [False, True, True]


async def test_callers_that_wait_for_an_unavailable_store_do_not_query_it_one_after_the_other(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    cached = await states.get(group)
    harness.clock.advance(31)
    history.error = STORE_UNAVAILABLE

    assert await asyncio.gather(*(states.get(group) for _ in range(10))) == [cached] * 10
    assert history.loads == 2
    harness.clock.advance(2)
    history.error = None
    await states.get(group)
    assert history.loads == 3


async def test_chats_that_do_not_exist_are_not_cached(harness: Harness) -> None:
    bus = OneSubscriptionBus()
    states = states_over(harness, CountingHistory(harness), bus=bus)

    assert await states.get(ChatId("unknown")) is None
    assert states.cached(ChatId("unknown")) is None
    assert bus.subscription.channels == set()


async def test_an_unreadable_message_on_the_bus_is_skipped(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    states = states_over(harness, CountingHistory(harness))
    async with applying_events(states):
        await states.get(group)
        await harness.bus.publish([BusMessage(f"chat:{group}", b"\xff nonsense")])
        await harness.service.groups.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in cached_members(states, group))


async def test_a_member_added_by_another_node_has_access_although_this_node_missed_the_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    other_node = harness.another_node()
    with refused(MessagingReason.NOT_A_MEMBER):
        await other_node.servicer.chats.get(ChatRef(group), viewer=bob)

    await harness.service.groups.add_members(group, [bob], None, actor=ann)

    assert (await other_node.servicer.chats.get(ChatRef(group), viewer=bob)).state.chat_id == group


async def test_a_member_removed_by_another_node_loses_access_when_the_event_arrives(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    other: MessagingNode = harness.another_node()
    async with applying_events(other.states):
        await other.servicer.chats.get(ChatRef(group), viewer=bob)
        await harness.service.groups.remove_member(group, bob, actor=ann)

        await eventually(lambda: bob not in cached_members(other.states, group))
    with refused(MessagingReason.NOT_A_MEMBER):
        await other.servicer.chats.get(ChatRef(group), viewer=bob)
