"""What one stream remembers: its cursor, the channels it heard, its user's places."""

from uuid import UUID

import pytest

from history.chat_id import ChatId
from history.model import Membership, Role
from kernel.ids import HybridClock
from kernel.time import SystemClock
from services.messaging.live import recents
from services.messaging.live.outbox import Delivery
from services.messaging.live.reader import Reader
from services.messaging.live.recents import Recent, Recents
from services.messaging.live.watermark import Watermark, covers
from tests.unit.live.world import a_user

GROUP = ChatId("group")


def test_a_watermark_only_grows() -> None:
    watermark = Watermark()
    watermark.advance({0: 5, 1: 7})
    watermark.advance({0: 4, 2: 1})

    assert watermark.offsets == {0: 5, 1: 7, 2: 1}


def test_a_partition_of_which_nothing_is_stored_is_not_covered() -> None:
    assert covers({0: 5, 1: 0}, {0: 5})
    assert not covers({0: 5}, {0: 5, 1: 0})
    assert not covers({0: 4}, {0: 5})


def test_a_cursor_never_goes_back_behind_the_store_it_began_at() -> None:
    reader = Reader(a_user())
    reader.cursor = {0: 10}

    assert not reader.advance({0: 9, 1: 50})
    assert reader.cursor == {0: 10}
    assert reader.advance({0: 10, 1: 50})
    assert reader.cursor == {0: 10, 1: 50}


def test_a_channel_was_heard_from_the_turn_after_it_was_entered_to_the_one_it_was_left_in() -> None:
    reader = Reader(a_user())
    reader.enter("chat", 3)
    reader.leave("chat", 5)

    assert [turn for turn in range(8) if reader.heard("chat", turn)] == [4, 5]
    assert not reader.hears("chat")
    assert not reader.heard("another", 4)


def test_of_a_users_places_the_later_word_counts() -> None:
    reader, ids = Reader(a_user()), HybridClock(clock=SystemClock())
    earlier, later = ids.next(), ids.next()

    assert reader.learn(GROUP, Membership(later, Role.MEMBER))
    assert not reader.learn(GROUP, Membership(later, Role.MEMBER))
    assert not reader.learn(GROUP, Membership(earlier, None))
    assert reader.groups == {GROUP}


@pytest.mark.parametrize(("name", "limit"), [("MAX_EVENTS", 3), ("MAX_BYTES", 30)], ids=["events", "bytes"])
def test_recent_events_are_bounded_and_the_oldest_are_forgotten(
    monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(recents, name, limit)
    known = Recents()
    for number in range(5):
        recent = Recent()
        recent.delivery = Delivery(b"0123456789")
        recent.turns["channel"] = number
        known.keep(UUID(int=number), recent)

    assert [number for number in range(5) if known.of(UUID(int=number)).turns] == [2, 3, 4]
