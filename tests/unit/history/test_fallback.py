"""A node falls back to its own tail and claims while the shared ones are unreachable."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.codec import encode
from history.model import ChatEvent, LogEvent, MessageSent
from history.open import HistoryStore, open_history
from history.ports import Claim
from history.unstored.claims import FallbackSendClaims, MemorySendClaims
from history.unstored.fallback import FallbackHotTail
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import refill
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from tests.builders import a_send_id
from tests.fakes import FakeClock, MemoryLog
from tests.unit.history.builders import ANN, ANN_AND_BOB, BOB, ChatBuilder
from tests.unit.history.harness import never_refused

FIRST, SECOND = UUID(int=1), UUID(int=2)


@dataclass
class Connectivity:
    """Decides whether the shared parts are reachable."""

    unavailable: bool = False

    def check(self) -> None:
        if self.unavailable:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "away")


class SharedTail(MemoryHotTail):
    def __init__(self, connectivity: Connectivity) -> None:
        super().__init__()
        self._weather = connectivity

    async def add(self, event: LogEvent) -> bool:
        self._weather.check()
        return await super().add(event)

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        self._weather.check()
        return await super().events(chat_ids)

    async def trim(self, stored: Mapping[int, int]) -> None:
        self._weather.check()
        await super().trim(stored)


class SharedClaims(MemorySendClaims):
    def __init__(self, connectivity: Connectivity, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self._weather = connectivity

    async def claim(self, sender_id: UserId, client_message_id: UUID, message_id: UUID) -> Claim:
        self._weather.check()
        return await super().claim(sender_id, client_message_id, message_id)


class Nodes:
    """A log, a store without a persister, one shared tail, and nodes over them."""

    def __init__(self, store: HistoryStore) -> None:
        self._at_end, self._may_end = asyncio.Event(), asyncio.Event()
        self._may_end.set()
        self.connectivity, self.clock, self.chat = Connectivity(), FakeClock(), ChatBuilder()
        self._log, self._store = MemoryLog(), store
        self._shared = SharedTail(self.connectivity)

    def node(self) -> FallbackHotTail:
        return FallbackHotTail(
            shared=self._shared,
            own=MemoryHotTail(),
            refill=self._refill,
            read_again=never_refused,
            events=self._store.events,
            clock=self.clock,
        )

    async def _refill(self) -> None:
        await refill(tail=self._shared, log=self._log, events=self._store.events)
        self._at_end.set()
        await self._may_end.wait()

    @asynccontextmanager
    async def refilling(self, node: FallbackHotTail) -> AsyncIterator[None]:
        """Hold a node in the middle of refilling the shared tail, after it has read the log to its end."""
        self.connectivity.unavailable = True
        await self.send_through(node)
        self.connectivity.unavailable = False
        self.clock.advance(1)
        self._may_end.clear()
        looking = asyncio.create_task(to_message(node))
        await self._at_end.wait()
        yield
        self._may_end.set()
        await looking

    async def send_through(self, node: FallbackHotTail) -> ChatEvent:
        event = self.chat.sent()
        await node.add(LogEvent(await self._log.append(event.chat_id, encode(event)), event))
        return event

    async def persist(self) -> None:
        await self._store.writer.apply(self._log.records())


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    async with open_history(tmp_path) as store:
        yield Nodes(store)


def sent_as(event: ChatEvent) -> UUID:
    """Return the `client_message_id`."""
    assert isinstance(event.change, MessageSent)
    return event.change.client_message_id


async def to_message(node: FallbackHotTail) -> list[ChatEvent]:
    return [item.event for item in (await node.events([ANN_AND_BOB])).get(ANN_AND_BOB, ())]


async def test_nodes_show_messages_of_other_nodes(nodes: Nodes) -> None:
    here, there = nodes.node(), nodes.node()
    event = await nodes.send_through(here)

    assert await to_message(there) == [event]


async def test_a_node_shows_its_own_messages_while_the_shared_tail_is_unreachable(nodes: Nodes) -> None:
    here = nodes.node()
    before = await nodes.send_through(here)
    nodes.connectivity.unavailable = True
    meanwhile = await nodes.send_through(here)

    assert await to_message(here) == [before, meanwhile]
    assert list(await here.chats_of(BOB)) == [ANN_AND_BOB]


async def test_all_nodes_show_messages_of_an_outage_once_the_shared_tail_is_back(nodes: Nodes) -> None:
    here, there = nodes.node(), nodes.node()
    nodes.connectivity.unavailable = True
    meanwhile = await nodes.send_through(here)
    assert await to_message(there) == []

    nodes.connectivity.unavailable = False
    nodes.clock.advance(1)
    after = await nodes.send_through(here)

    assert await to_message(there) == [meanwhile, after]


async def test_messages_sent_during_a_refill_are_in_the_shared_tail(nodes: Nodes) -> None:
    here = nodes.node()
    async with nodes.refilling(here):
        meanwhile = await nodes.send_through(here)

    assert (await to_message(nodes.node()))[-1] == meanwhile


async def test_a_node_that_refills_the_shared_tail_shows_messages_of_other_nodes(nodes: Nodes) -> None:
    here, there = nodes.node(), nodes.node()
    async with nodes.refilling(here):
        elsewhere = await nodes.send_through(there)
        both = await to_message(here)

        assert both[-1] == elsewhere
        assert len(both) == 2, "what was sent through it while the shared tail was away is shown too, and once"
        assert list(await here.chats_of(BOB)) == [ANN_AND_BOB]
        found = await here.sent(ANN, sent_as(elsewhere))
        assert found is not None
        assert found.event == elsewhere


async def test_the_shared_tail_is_refilled_again_if_an_add_failed_during_the_refill(nodes: Nodes) -> None:
    here = nodes.node()
    async with nodes.refilling(here):
        nodes.connectivity.unavailable = True
        meanwhile = await nodes.send_through(here)
        nodes.connectivity.unavailable = False
    nodes.clock.advance(1)
    await to_message(here)

    assert (await to_message(nodes.node()))[-1] == meanwhile


async def test_the_own_tail_is_trimmed_without_a_watermark(nodes: Nodes) -> None:
    here = nodes.node()
    nodes.connectivity.unavailable = True
    await nodes.send_through(here)
    await nodes.persist()
    nodes.clock.advance(1)
    newest = await nodes.send_through(here)

    assert await to_message(here) == [newest]


async def test_a_watermark_that_only_the_spare_can_use_is_no_failure(nodes: Nodes) -> None:
    here = nodes.node()
    await nodes.send_through(here)
    nodes.connectivity.unavailable = True
    await here.trim({0: 10, 1: 10, 2: 10, 3: 10})

    assert await to_message(here) == []


async def test_a_send_is_claimed_once_whether_the_others_can_be_asked_or_not() -> None:
    connectivity, clock = Connectivity(), FakeClock()
    claims = FallbackSendClaims(shared=SharedClaims(connectivity, clock), own=MemorySendClaims(clock=clock))
    clock.advance(3_600)
    send = a_send_id(clock.now())
    assert await claims.claim(ANN, send, FIRST) == Claim(FIRST, is_first=True)
    connectivity.unavailable = True
    assert await claims.claim(ANN, send, SECOND) == Claim(FIRST, is_first=False)
    assert await claims.claim(BOB, send, SECOND) == Claim(SECOND, is_first=False)

    connectivity.unavailable = False
    assert await claims.claim(BOB, send, FIRST) == Claim(SECOND, is_first=False)


async def test_events_of_the_log_are_shown_beside_the_shared_tail_and_not_added_to_it(nodes: Nodes) -> None:
    here, there = nodes.node(), nodes.node()
    shared = await nodes.send_through(there)
    elsewhere = nodes.chat.sent()
    await here.add_from_log(LogEvent(LogPosition(0, 1_000), elsewhere))

    assert await to_message(here) == [shared, elsewhere]
    assert await to_message(there) == [shared]


async def test_a_check_uses_the_shared_tail_again(nodes: Nodes) -> None:
    here = nodes.node()
    nodes.connectivity.unavailable = True
    await nodes.send_through(here)
    assert here.unavailable
    await here.check()
    assert here.unavailable

    nodes.connectivity.unavailable = False
    nodes.clock.advance(1)
    await here.check()
    assert not here.unavailable
