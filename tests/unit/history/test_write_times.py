"""Write timestamps order events as the fold does, so that Cassandra merges them to the same state."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from history.cassandra.write_times import (
    ALWAYS_WINS,
    SINGLE_VALUE,
    bucket_of,
    earlier_wins,
    earliest_wins,
    larger_offset_wins,
    later_wins,
    smaller_offset_wins,
)
from kernel.ids import HybridClock, from_time_key, time_of
from tests.builders import NOON
from tests.fakes import FakeClock

ticks = st.integers(min_value=1, max_value=(1 << 60) - 1)
offsets = st.integers(min_value=0, max_value=1 << 50)


@given(ticks, ticks)
def test_the_later_change_wins_and_beats_every_creation(one: int, other: int) -> None:
    first, second = (from_time_key(each.to_bytes(8, "big") + b"\x80" * 8) for each in sorted((one, other)))

    assert later_wins(first) <= later_wins(second) < ALWAYS_WINS
    assert 0 <= earlier_wins(second) <= earlier_wins(first) < later_wins(first)


@given(offsets, offsets)
def test_offsets_win_forwards_or_backwards(one: int, other: int) -> None:
    near, far = sorted((one, other))

    assert larger_offset_wins(near) > SINGLE_VALUE
    assert near == far or larger_offset_wins(near) < larger_offset_wins(far)
    assert near == far or smaller_offset_wins(far) < smaller_offset_wins(near)


def test_events_of_the_same_microsecond_do_not_tie() -> None:
    ids = HybridClock(clock=FakeClock())

    assert later_wins(ids.next()) < later_wins(ids.next())


def test_the_earliest_moment_wins() -> None:
    assert earliest_wins(NOON + timedelta(microseconds=1)) < earliest_wins(NOON)


def test_a_bucket_spans_ten_days() -> None:
    clock = FakeClock()
    ids = HybridClock(clock=clock)
    buckets = []
    for _ in range(20):
        buckets.append(bucket_of(ids.next()))
        clock.advance(86_400)

    assert buckets == sorted(buckets)
    assert max(buckets.count(bucket) for bucket in buckets) == 10
    assert bucket_of(ids.next()) == time_of(ids.next()).timestamp() // (10 * 86_400)
