"""TimeUUIDs: they grow, contain their time, and their keys sort like them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import HybridClock, from_time_key, ticks_of, time_key, time_of
from tests.builders import NOON
from tests.fakes import FakeClock


def test_ids_grow_while_the_clock_stands_still() -> None:
    ids = HybridClock(clock=FakeClock())
    made = [ids.next() for _ in range(1_000)]

    assert sorted(made, key=time_key) == made
    assert len(set(made)) == 1_000


def test_ids_grow_while_the_clock_jumps_back() -> None:
    clock = FakeClock()
    ids = HybridClock(clock=clock)
    before = ids.next()
    clock.set(NOON - timedelta(hours=1))

    assert time_key(ids.next()) > time_key(before)


def test_a_reply_sorts_after_its_message_even_if_the_clock_of_its_node_is_behind() -> None:
    ahead = HybridClock(clock=FakeClock(NOON + timedelta(seconds=59)))
    behind = HybridClock(clock=FakeClock(NOON))
    question = ahead.next()
    behind.observe(question)

    assert time_key(behind.next()) > time_key(question)


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_an_id_sorts_after_those_it_must_follow_whatever_their_clocks_say(offset: float) -> None:
    earlier = HybridClock(clock=FakeClock(NOON + timedelta(seconds=offset))).next()

    assert time_key(HybridClock(clock=FakeClock(NOON)).next(after=[earlier])) > time_key(earlier)


@pytest.mark.parametrize("years", [0.001, 50, 3_000])
def test_an_id_from_far_ahead_does_not_move_the_clock(years: float) -> None:
    far = HybridClock(clock=FakeClock(NOON + timedelta(days=365 * years))).next()
    ids = HybridClock(clock=FakeClock(NOON))

    ids.observe(far)
    ids.next(after=[far])

    assert time_of(ids.next()) - NOON < timedelta(seconds=1)


def test_ids_after_the_same_far_id_differ() -> None:
    far = HybridClock(clock=FakeClock(NOON + timedelta(days=365))).next()
    ids = HybridClock(clock=FakeClock(NOON))

    assert len({ids.next(after=[far]) for _ in range(1_000)}) == 1_000


def test_a_corrected_clock_is_followed_with_another_tail_on_request() -> None:
    clock = FakeClock(NOON)
    ids = HybridClock(clock=clock, follow_corrections=True)
    before = {ids.next() for _ in range(3)}
    clock.set(NOON + timedelta(days=1))
    before.add(wrong := ids.next())
    clock.set(NOON)
    after = [ids.next() for _ in range(3)]

    assert time_of(after[-1]) - NOON < timedelta(seconds=1)
    assert before.isdisjoint(after)
    assert {item.node for item in after} != {wrong.node}


def test_a_small_step_back_is_not_followed() -> None:
    clock = FakeClock(NOON)
    ids = HybridClock(clock=clock, follow_corrections=True)
    before = ids.next()
    clock.set(NOON - timedelta(minutes=1))

    assert time_key(ids.next()) > time_key(before)


def test_an_older_id_does_not_set_the_clock_back() -> None:
    ids = HybridClock(clock=FakeClock())
    old = HybridClock(clock=FakeClock(NOON - timedelta(days=1))).next()
    before = ids.next()
    ids.observe(old)

    assert time_key(ids.next()) > time_key(before)


def test_an_id_contains_its_time_of_creation() -> None:
    moment = datetime(2026, 5, 17, 8, 30, 15, 123456, tzinfo=UTC)

    assert time_of(HybridClock(clock=FakeClock(moment)).next()) == moment


def test_ids_are_version_1_uuids_without_a_hardware_address() -> None:
    made = HybridClock(clock=FakeClock()).next()

    assert (made.version, made.variant) == (1, "specified in RFC 4122")
    assert made.node >> 40 & 1


def test_two_processes_create_different_ids_at_the_same_instant() -> None:
    assert HybridClock(clock=FakeClock()).next() != HybridClock(clock=FakeClock()).next()


@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), min_size=2))  # noqa: DTZ001 - hypothesis adds it
def test_keys_sort_by_time_and_are_converted_back(moments: list[datetime]) -> None:
    made = [HybridClock(clock=FakeClock(moment)).next() for moment in moments]

    assert [ticks_of(time_of(item)) for item in sorted(made, key=time_key)] == sorted(map(ticks_of, moments))
    assert [from_time_key(time_key(item)) for item in made] == made
