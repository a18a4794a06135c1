"""The node's own view of chats: current without asking, and never wrong for long."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager

from history.audience import members_of
from history.chat_id import ChatId
from history.model import ChatState
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus
from kernel.errors import ChatlyError
from kernel.ids import HybridClock, UserId
from services.messaging.chat_states import ChatStates
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef
from services.messaging.wiring import MessagingNode
from tests.unit.messaging.harness import STORE_UNAVAILABLE, Harness, refused
from tests.waiting import eventually


class CountingHistory:
    """History.chat with a count, and a door that can be shut while it is being asked."""

    def __init__(self, harness: Harness) -> None:
        self._history = harness.history
        self.lookups = 0
        self.answered = asyncio.Event()
        self.door: asyncio.Event | None = None
        self.error: ChatlyError | None = None

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        self.lookups += 1
        if self.error is not None:
            raise self.error
        state = await self._history.chat(chat_id)
        self.answered.set()
        if self.door is not None:
            await self.door.wait()
        return state


@asynccontextmanager
async def listening(states: ChatStates) -> AsyncIterator[None]:
    task = asyncio.create_task(states.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def known_members(states: ChatStates, chat_id: ChatId) -> Collection[UserId]:
    return members_of(states.cached(chat_id) or ChatState(chat_id))


class Ear:
    """A subscription that says which channels it hears."""

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


class OneEaredBus(MemoryBus):
    """Hands out the same `ear` to whoever subscribes."""

    def __init__(self) -> None:
        super().__init__()
        self.ear = Ear(super().subscribe())

    def subscribe(self) -> BusSubscription:
        return self.ear


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


async def test_a_chat_is_loaded_once_and_kept_current_by_the_bus(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    async with listening(states):
        await states.get(group)

        await harness.service.groups.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in known_members(states, group))
    assert history.lookups == 1


async def test_what_happens_while_a_chat_is_loaded_is_not_lost(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    history = CountingHistory(harness)
    history.door = asyncio.Event()
    states = states_over(harness, history)
    loading = asyncio.create_task(states.get(group))
    await history.answered.wait()
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    states.apply(harness.events()[-1])

    history.door.set()

    assert bob in members_of(await loading or ChatState(group))


async def test_after_a_gap_on_the_bus_chats_are_loaded_anew(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history, bus = CountingHistory(harness), MemoryBus(capacity=1)
    states = states_over(harness, history, bus=bus)
    await states.get(group)
    await bus.publish([BusMessage(f"chat:{group}", b"")] * 3)

    async with listening(states):
        await eventually(lambda: states.cached(group) is None)
    await states.get(group)
    assert history.lookups == 2


async def test_after_some_time_a_chat_is_loaded_anew_for_the_bus_may_lose_things(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    await states.get(group)
    harness.clock.advance(31)

    await asyncio.gather(*(states.get(group) for _ in range(5)))

    assert history.lookups == 2


async def test_only_so_many_chats_are_kept_and_the_bus_is_told_of_those_alone(harness: Harness) -> None:
    ann = harness.a_user()
    groups = [(await harness.a_group(ann)).state.chat_id for _ in range(3)]
    bus = OneEaredBus()
    states = states_over(harness, CountingHistory(harness), bus=bus, capacity=2)
    for group in groups:
        await states.get(group)

    assert [states.cached(group) is not None for group in groups] == [False, True, True]
    assert bus.ear.channels == {f"chat:{group}" for group in groups[1:]}


async def test_those_who_wait_for_a_store_that_is_away_do_not_ask_it_one_after_the_other(harness: Harness) -> None:
    group = (await harness.a_group(harness.a_user())).state.chat_id
    history = CountingHistory(harness)
    states = states_over(harness, history)
    kept = await states.get(group)
    harness.clock.advance(31)
    history.error = STORE_UNAVAILABLE

    assert await asyncio.gather(*(states.get(group) for _ in range(10))) == [kept] * 10
    assert history.lookups == 2
    harness.clock.advance(2)
    history.error = None
    await states.get(group)
    assert history.lookups == 3


async def test_chats_that_do_not_exist_are_not_kept(harness: Harness) -> None:
    bus = OneEaredBus()
    states = states_over(harness, CountingHistory(harness), bus=bus)

    assert await states.get(ChatId("unknown")) is None
    assert states.cached(ChatId("unknown")) is None
    assert bus.ear.channels == set()


async def test_unreadable_news_do_no_harm(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    states = states_over(harness, CountingHistory(harness))
    async with listening(states):
        await states.get(group)
        await harness.bus.publish([BusMessage(f"chat:{group}", b"\xff nonsense")])
        await harness.service.groups.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in known_members(states, group))


async def test_a_member_added_elsewhere_is_let_in_though_this_node_did_not_hear_of_it(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    deaf = harness.another_node()
    with refused(MessagingReason.NOT_A_MEMBER):
        await deaf.servicer.chats.get(ChatRef(group), viewer=bob)

    await harness.service.groups.add_members(group, [bob], None, actor=ann)

    assert (await deaf.servicer.chats.get(ChatRef(group), viewer=bob)).state.chat_id == group


async def test_a_member_removed_elsewhere_is_kept_out_as_soon_as_the_bus_says_so(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    other: MessagingNode = harness.another_node()
    async with listening(other.states):
        await other.servicer.chats.get(ChatRef(group), viewer=bob)
        await harness.service.groups.remove_member(group, bob, actor=ann)

        await eventually(lambda: bob not in known_members(other.states, group))
    with refused(MessagingReason.NOT_A_MEMBER):
        await other.servicer.chats.get(ChatRef(group), viewer=bob)
