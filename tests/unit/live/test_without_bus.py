"""While the bus is cut, every node delivers and shows what any node acknowledged, within two seconds."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.model import LogEvent, MessageSent
from history.ports import Window
from history.visibility import Viewer
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from services.messaging.live import follow_log
from tests.unit.live.builders import a_user
from tests.unit.live.cut_bus import Pair, a_pair
from tests.unit.live.harness import Client, Node
from tests.waiting import eventually

SECONDS = 2.0
ANN, BOB, CAT = a_user(), a_user(), a_user()
PAIR = ChatId.direct(ANN, BOB)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with a_pair(tmp_path) as pair:
        yield pair


def ids(stored: list[LogEvent]) -> list[str]:
    return [str(each.event.event_id) for each in stored]


async def received(client: Client, stored: list[LogEvent]) -> None:
    await eventually(lambda: set(ids(stored)) <= set(client.ids), "all of them arrive", seconds=5)


async def shown(node: Node, chat_id: ChatId, viewer: UserId) -> list[str]:
    return [str(each.message_id) for each in await node.history.page(chat_id, Window(limit=200), viewer=Viewer(viewer))]


async def test_both_nodes_receive_all_of_sixty_messages_within_two_seconds(pair: Pair) -> None:
    async with pair.one.client(ANN) as ann, pair.other.client(BOB) as bob:
        await ann.caught_up()
        await bob.caught_up()
        pair.network.cut()
        through_one = [await pair.one.send(PAIR, ANN, f"one {number}") for number in range(30)]
        through_other = [await pair.other.send(PAIR, BOB, f"other {number}") for number in range(30)]
        # At once: no time passes.
        await received(ann, through_one)
        await received(bob, through_other)

        await pair.time.pass_(SECONDS)
        await received(ann, through_other)
        await received(bob, through_one)
        for client in (ann, bob):
            assert sorted(client.ids) == sorted(ids(through_one + through_other)), "no stream gets an event twice"


async def test_messages_keep_the_order_of_the_log(pair: Pair) -> None:
    async with pair.other.client(BOB) as bob:
        await bob.caught_up()
        pair.network.cut()
        sent = [await pair.one.send(PAIR, ANN, str(number)) for number in range(60)]
        await pair.time.pass_(SECONDS)
        await received(bob, sent)

        assert bob.ids == ids(sent)


async def test_nothing_is_missing_and_the_node_stops_reading_the_log_once_the_bus_is_back(pair: Pair) -> None:
    async with pair.one.client(ANN) as ann, pair.other.client(BOB) as bob:
        await ann.caught_up()
        await bob.caught_up()
        sent = [await pair.one.send(PAIR, ANN, "before")]
        pair.network.cut()
        sent += [await pair.one.send(PAIR, ANN, f"during {number}") for number in range(20)]
        await pair.time.pass_(SECONDS)
        sent += [await pair.other.send(PAIR, BOB, f"late {number}") for number in range(20)]
        await pair.network.restore()
        sent += [await pair.one.send(PAIR, ANN, f"after {number}") for number in range(20)]
        await pair.time.pass_(SECONDS)
        await received(ann, sent)
        await received(bob, sent)
        assert set(ann.ids) == set(bob.ids) == set(ids(sent))

        await pair.time.pass_(follow_log.GRACE_SECONDS + 2)
        reads = pair.log.reads
        await pair.time.pass_(SECONDS)
        assert pair.log.reads == reads > 0


async def test_a_group_that_is_created_and_joined_meanwhile_is_received(pair: Pair) -> None:
    async with pair.other.client(BOB) as bob, pair.other.client(CAT) as cat:
        await bob.caught_up()
        await cat.caught_up()
        pair.network.cut()
        team = await pair.one.create_group(ANN, BOB)
        first = await pair.one.send(team, ANN, "hello, Bob")
        await pair.time.pass_(SECONDS)
        await bob.saw(first)
        joined = await pair.one.add(team, ANN, CAT)
        second = await pair.one.send(team, ANN, "hello, both")
        await pair.time.pass_(SECONDS)

        await bob.saw(second)
        await cat.saw(joined)
        await cat.saw(second)
        removed = await pair.one.remove(team, ANN, CAT)
        third = await pair.one.send(team, ANN, "between us")
        await pair.time.pass_(SECONDS)
        await bob.saw(third)
        await cat.saw(removed)
        assert str(third.event.event_id) not in cat.ids


async def test_cursors_follow_the_store_and_a_client_resumes_from_them_on_another_node(pair: Pair) -> None:
    async with pair.other.client(BOB) as bob:
        await bob.caught_up()
        before = bob.cursor
        pair.network.cut()
        stored = [await pair.one.send(PAIR, ANN, f"stored {number}") for number in range(5)]
        await pair.backend.persist()
        await pair.time.pass_(SECONDS)
        newest = await pair.one.send(PAIR, ANN, "not stored")
        await pair.time.pass_(SECONDS)
        await received(bob, [*stored, newest])
        assert bob.cursor != before

        async with pair.one.client(BOB, bob.cursor) as resumed:
            await resumed.caught_up()
            assert resumed.ids == ids([newest])


async def test_a_cursor_never_passes_an_event_that_was_not_delivered(pair: Pair) -> None:
    async with pair.other.client(BOB) as bob:
        await bob.caught_up()
        before = bob.cursor
        pair.network.cut()
        pair.log.failure = unavailable(KernelReason.LOG_UNAVAILABLE, "away")
        sent = await pair.one.send(PAIR, ANN, "stored, but not read")
        await pair.backend.persist()
        await pair.time.pass_(SECONDS)
        own = await pair.other.send(PAIR, BOB, "moves the stream")
        await bob.saw(own)
        assert bob.cursor == before

        pair.log.failure = None
        await pair.time.pass_(SECONDS)
        await bob.saw(sent)


async def test_every_node_shows_every_acknowledged_message_within_two_seconds(pair: Pair) -> None:
    before = await pair.one.send(PAIR, ANN, "before")
    pair.network.cut()
    sent = [before, *[await pair.one.send(PAIR, ANN, str(number)) for number in range(20)]]
    assert await shown(pair.one, PAIR, ANN) == ids(sent)
    await pair.time.pass_(SECONDS)

    assert await shown(pair.other, PAIR, BOB) == ids(sent)


async def test_a_node_shows_messages_of_a_node_that_still_lacks_the_shared_tail(pair: Pair) -> None:
    pair.network.cut()
    await pair.one.send(PAIR, ANN, "both notice the outage")
    await pair.other.send(PAIR, BOB, "both notice the outage")
    await pair.time.pass_(0.25)
    await pair.network.restore()
    # The other node is the first to use the shared tail again.
    await pair.time.pass_(1.0)
    late = await pair.backend.append(pair.backend.event(PAIR, ANN, MessageSent(uuid4(), "only in the log")))
    await pair.time.pass_(0.5)

    assert str(late.event.event_id) in await shown(pair.other, PAIR, BOB)


async def test_a_stream_that_starts_meanwhile_gets_what_follows(pair: Pair) -> None:
    pair.network.cut()
    old = await pair.one.send(PAIR, ANN, "before the stream")
    await pair.time.pass_(SECONDS)
    async with pair.other.client(BOB) as bob:
        await bob.caught_up()
        new = await pair.one.send(PAIR, ANN, "after it")
        await pair.time.pass_(SECONDS)
        await bob.saw(new)

        assert str(old.event.event_id) not in bob.ids


async def test_a_long_backlog_is_replayed_instead_of_delivered(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_log, "MAX_DELIVERED", 10)
    async with pair.other.client(BOB) as bob:
        await bob.caught_up()
        pair.network.cut()
        sent = [await pair.one.send(PAIR, ANN, str(number)) for number in range(40)]
        await pair.time.pass_(SECONDS)
        await received(bob, sent)
        later = await pair.one.send(PAIR, ANN, "later")
        await pair.time.pass_(SECONDS)
        await bob.saw(later)

        assert bob.ids == ids([*sent, later])
        assert await shown(pair.other, PAIR, BOB) == ids([*sent, later])
