"""The state of one stream: its phases, its cursor, its channels and its user's memberships."""

import asyncio
from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.model import Membership, Role
from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.ids import HybridClock
from kernel.log.epochs import covers
from kernel.time import SystemClock
from services.messaging.errors import MessagingReason
from services.messaging.live import broadcast
from services.messaging.live.broadcast import DeliveryLog
from services.messaging.live.cursor import Watermark
from services.messaging.live.encoding import Delivery
from services.messaging.live.send_queue import MAX_BYTES, MAX_EVENTS
from services.messaging.live.subscriber import Phase
from tests.unit.live.builders import a_live_subscriber, a_subscriber, data_of, stored_delivery, unstored_delivery

GROUP = ChatId("group")
STORE_UNAVAILABLE = unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unreachable")


def test_a_stream_goes_from_replaying_to_live_and_back_after_a_gap() -> None:
    subscriber = a_subscriber()
    phases = [subscriber.phase]
    for move in (subscriber.go_live, subscriber.lose_events, subscriber.begin_replay, subscriber.go_live):
        move()
        phases.append(subscriber.phase)

    assert phases == [Phase.REPLAYING, Phase.LIVE, Phase.LIVE, Phase.REPLAYING, Phase.LIVE]


def test_a_replay_has_one_round_and_another_one_for_each_round_that_lost_events() -> None:
    subscriber = a_subscriber()
    subscriber.begin_replay({0: 1})
    rounds = [subscriber.begin_round()]
    subscriber.lose_events()
    rounds += [subscriber.begin_round(), subscriber.begin_round()]

    assert rounds == [True, True, False]
    assert subscriber.cursor == {0: 1}


def test_a_draining_stream_neither_replays_nor_goes_live() -> None:
    subscriber = a_subscriber()
    subscriber.drain(unstored_delivery())
    for move in (subscriber.begin_replay, subscriber.go_live):
        move()
        assert subscriber.phase is Phase.DRAINING


def test_a_full_queue_drops_typing_first() -> None:
    subscriber = a_live_subscriber()
    subscriber.push(unstored_delivery())
    for _ in range(MAX_EVENTS):
        subscriber.push(stored_delivery(b"e"))
    subscriber.push(unstored_delivery())

    assert data_of(subscriber.take()) == b"e" * MAX_EVENTS


@pytest.mark.parametrize(
    ("number", "size"), [(MAX_EVENTS + 1, 1), (17, MAX_BYTES // 16)], ids=["too many events", "too many bytes"]
)
def test_a_live_stream_with_too_much_unread_fails(number: int, size: int) -> None:
    subscriber = a_live_subscriber()
    for _ in range(number):
        subscriber.push(stored_delivery(b"e" * size))

    with pytest.raises(ChatlyError) as caught:
        subscriber.take()

    assert caught.value.reason is MessagingReason.SLOW_READER
    assert caught.value.code is Code.RESOURCE_EXHAUSTED
    assert caught.value.retry_after
    assert subscriber.phase is Phase.CLOSED


def test_a_replaying_stream_with_too_much_unread_asks_for_another_replay() -> None:
    subscriber = a_subscriber()
    for _ in range(MAX_EVENTS + 1):
        subscriber.push(stored_delivery())

    assert subscriber.gap
    assert data_of(subscriber.take()) == b""


async def test_a_stream_that_lost_events_before_it_waits_does_not_wait() -> None:
    subscriber = a_live_subscriber()
    subscriber.lose_events()
    async with asyncio.timeout(5):
        await subscriber.wait()

    assert subscriber.gap


def test_the_last_delivery_comes_last_and_nothing_after_it() -> None:
    subscriber = a_live_subscriber()
    subscriber.push(stored_delivery(b"event,"))
    subscriber.drain(unstored_delivery(b"reconnect"))
    subscriber.drain(unstored_delivery(b"a second drain"))
    subscriber.push(stored_delivery(b"too late"))

    phases = [subscriber.phase]
    assert data_of(subscriber.take()) == b"event,reconnect"
    assert [*phases, subscriber.phase] == [Phase.DRAINING, Phase.CLOSED]


def test_a_failed_stream_keeps_nothing_and_accepts_nothing() -> None:
    subscriber = a_live_subscriber()
    subscriber.push(stored_delivery())
    subscriber.fail(STORE_UNAVAILABLE)
    subscriber.push(stored_delivery())

    with pytest.raises(ChatlyError) as caught:
        subscriber.take()

    assert caught.value is STORE_UNAVAILABLE
    assert subscriber.phase is Phase.CLOSED


def test_a_closed_stream_accepts_nothing_and_stays_closed() -> None:
    subscriber = a_live_subscriber()
    subscriber.close()
    subscriber.push(stored_delivery())
    subscriber.drain(unstored_delivery())
    subscriber.fail(STORE_UNAVAILABLE)

    assert subscriber.phase is Phase.CLOSED
    assert data_of(subscriber.take()) == b""


def test_a_watermark_only_grows() -> None:
    watermark = Watermark()
    watermark.advance({0: 5, 1: 7})
    watermark.advance({0: 4, 2: 1})

    assert watermark.offsets == {0: 5, 1: 7, 2: 1}


def test_a_partition_with_nothing_stored_is_not_covered() -> None:
    assert covers({0: 5, 1: 0}, {0: 5})
    assert not covers({0: 5}, {0: 5, 1: 0})
    assert not covers({0: 4}, {0: 5})


def test_a_cursor_never_goes_back_behind_the_store_it_started_at() -> None:
    subscriber = a_subscriber()
    subscriber.go_live({0: 10})

    assert not subscriber.move_cursor({0: 9, 1: 50})
    assert subscriber.cursor == {0: 10}
    assert subscriber.move_cursor({0: 10, 1: 50})
    assert subscriber.cursor == {0: 10, 1: 50}


def test_a_cursor_stays_while_a_replay_runs_or_is_due() -> None:
    subscriber = a_subscriber()
    subscriber.begin_replay({0: 1})
    moved = [subscriber.move_cursor({0: 5})]
    subscriber.begin_round()
    moved.append(subscriber.move_cursor({0: 5}))
    subscriber.go_live()
    subscriber.lose_events()
    moved.append(subscriber.move_cursor({0: 5}))

    assert moved == [False] * 3
    assert subscriber.cursor == {0: 1}


def test_a_channel_is_received_from_the_event_after_the_entry_to_the_one_of_the_exit() -> None:
    subscriber = a_subscriber()
    subscriber.enter_channel("chat", 3)
    subscriber.leave_channel("chat", 5)

    assert [sequence for sequence in range(8) if subscriber.has_received("chat", sequence)] == [4, 5]
    assert not subscriber.is_on("chat")
    assert not subscriber.has_received("another", 4)


def test_the_newest_membership_of_a_user_counts() -> None:
    subscriber, ids = a_subscriber(), HybridClock(clock=SystemClock())
    earlier, later = ids.next(), ids.next()

    assert subscriber.set_membership(GROUP, Membership(later, Role.MEMBER))
    assert not subscriber.set_membership(GROUP, Membership(later, Role.MEMBER))
    assert not subscriber.set_membership(GROUP, Membership(earlier, None))
    assert subscriber.groups == {GROUP}


@pytest.mark.parametrize(("name", "limit"), [("MAX_EVENTS", 3), ("MAX_BYTES", 30)], ids=["events", "bytes"])
def test_the_delivery_log_is_bounded_and_drops_the_oldest_events(
    monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(broadcast, name, limit)
    log = DeliveryLog()
    for number in range(5):
        entry = log.entry(UUID(int=number))
        entry.sequences["channel"] = number
        entry.delivery = Delivery(b"0123456789")
        log.add_bytes(10)

    assert [bool(log.entry(UUID(int=number)).sequences) for number in (4, 3, 2, 1, 0)] == [True] * 3 + [False] * 2


def test_the_delivery_log_remembers_a_bounded_number_of_deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "MAX_EVENTS", 3)
    log = DeliveryLog()
    for number in range(5):
        log.add_deletion(UUID(int=number))

    assert list(log.deleted) == [UUID(int=number) for number in (2, 3, 4)]
