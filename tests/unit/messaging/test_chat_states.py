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
from services.messaging.wiring.node import Node
from tests.unit.messaging.rig import STORE_AWAY, Rig, refused
from tests.waiting import eventually


class CountingHistory:
    """History.chat with a count, and a door that can be shut while it is being asked."""

    def __init__(self, rig: Rig) -> None:
        self._history = rig.history
        self.asked = 0
        self.answered = asyncio.Event()
        self.door: asyncio.Event | None = None
        self.error: ChatlyError | None = None

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        state = await self._history.chat(chat_id)
        self.answered.set()
        if self.door is not None:
            await self.door.wait()
        return state


@asynccontextmanager
async def listening(states: ChatStates) -> AsyncIterator[None]:
    task = asyncio.create_task(states.listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def known_members(states: ChatStates, chat_id: ChatId) -> Collection[UserId]:
    return members_of(states.known(chat_id) or ChatState(chat_id))


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


def states_over(rig: Rig, history: CountingHistory, *, bus: LiveBus | None = None, capacity: int = 100) -> ChatStates:
    ids = HybridClock(clock=rig.clock)
    return ChatStates(
        history=history,  # type: ignore[arg-type]
        bus=bus or rig.bus,
        ids=ids,
        clock=rig.clock,
        capacity=capacity,
    )


async def test_a_chat_is_loaded_once_and_kept_current_by_the_bus(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    history = CountingHistory(rig)
    states = states_over(rig, history)
    async with listening(states):
        await states.of(group)

        await rig.use.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in known_members(states, group))
    assert history.asked == 1


async def test_what_happens_while_a_chat_is_loaded_is_not_lost(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    history = CountingHistory(rig)
    history.door = asyncio.Event()
    states = states_over(rig, history)
    loading = asyncio.create_task(states.of(group))
    await history.answered.wait()
    await rig.use.add_members(group, [bob], None, actor=ann)
    states.heard(rig.events()[-1])

    history.door.set()

    assert bob in members_of(await loading or ChatState(group))


async def test_after_a_gap_on_the_bus_chats_are_loaded_anew(rig: Rig) -> None:
    group = (await rig.a_group(rig.a_user())).state.chat_id
    history, bus = CountingHistory(rig), MemoryBus(capacity=1)
    states = states_over(rig, history, bus=bus)
    await states.of(group)
    await bus.publish([BusMessage(f"chat:{group}", b"")] * 3)

    async with listening(states):
        await eventually(lambda: states.known(group) is None)
    await states.of(group)
    assert history.asked == 2


async def test_after_some_time_a_chat_is_loaded_anew_for_the_bus_may_lose_things(rig: Rig) -> None:
    group = (await rig.a_group(rig.a_user())).state.chat_id
    history = CountingHistory(rig)
    states = states_over(rig, history)
    await states.of(group)
    rig.clock.advance(31)

    await asyncio.gather(*(states.of(group) for _ in range(5)))

    assert history.asked == 2


async def test_only_so_many_chats_are_kept_and_the_bus_is_told_of_those_alone(rig: Rig) -> None:
    ann = rig.a_user()
    groups = [(await rig.a_group(ann)).state.chat_id for _ in range(3)]
    bus = OneEaredBus()
    states = states_over(rig, CountingHistory(rig), bus=bus, capacity=2)
    for group in groups:
        await states.of(group)

    assert [states.known(group) is not None for group in groups] == [False, True, True]
    assert bus.ear.channels == {f"chat:{group}" for group in groups[1:]}


async def test_those_who_wait_for_a_store_that_is_away_do_not_ask_it_one_after_the_other(rig: Rig) -> None:
    group = (await rig.a_group(rig.a_user())).state.chat_id
    history = CountingHistory(rig)
    states = states_over(rig, history)
    kept = await states.of(group)
    rig.clock.advance(31)
    history.error = STORE_AWAY

    assert await asyncio.gather(*(states.of(group) for _ in range(10))) == [kept] * 10
    assert history.asked == 2
    rig.clock.advance(2)
    history.error = None
    await states.of(group)
    assert history.asked == 3


async def test_chats_that_do_not_exist_are_not_kept(rig: Rig) -> None:
    bus = OneEaredBus()
    states = states_over(rig, CountingHistory(rig), bus=bus)

    assert await states.of(ChatId("unknown")) is None
    assert states.known(ChatId("unknown")) is None
    assert bus.ear.channels == set()


async def test_unreadable_news_do_no_harm(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    states = states_over(rig, CountingHistory(rig))
    async with listening(states):
        await states.of(group)
        await rig.bus.publish([BusMessage(f"chat:{group}", b"\xff nonsense")])
        await rig.use.add_members(group, [bob], None, actor=ann)

        await eventually(lambda: bob in known_members(states, group))


async def test_a_member_added_elsewhere_is_let_in_though_this_node_did_not_hear_of_it(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    deaf = rig.another_node()
    with refused(MessagingReason.NOT_A_MEMBER):
        await deaf.use.get_chat(ChatRef(group), viewer=bob)

    await rig.use.add_members(group, [bob], None, actor=ann)

    assert (await deaf.use.get_chat(ChatRef(group), viewer=bob)).state.chat_id == group


async def test_a_member_removed_elsewhere_is_kept_out_as_soon_as_the_bus_says_so(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    other: Node = rig.another_node()
    async with listening(other.states):
        await other.use.get_chat(ChatRef(group), viewer=bob)
        await rig.use.remove_member(group, bob, actor=ann)

        await eventually(lambda: bob not in known_members(other.states, group))
    with refused(MessagingReason.NOT_A_MEMBER):
        await other.use.get_chat(ChatRef(group), viewer=bob)
