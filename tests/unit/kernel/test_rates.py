"""Buckets that limit how often something may happen."""

from hypothesis import given
from hypothesis import strategies as st

from kernel.rates import Buckets, Rate
from tests.fakes import FakeClock

RATE = Rate(5, 10)


def test_a_full_bucket_gives_all_calls_at_once_and_then_one_per_interval() -> None:
    clock = FakeClock()
    buckets: Buckets[str] = Buckets(clock=clock)

    assert [buckets.take("ann", RATE) for _ in range(5)] == [0.0] * 5
    assert round(buckets.take("ann", RATE), 6) == 2.0
    clock.advance(2)
    assert buckets.take("ann", RATE) == 0.0
    assert round(buckets.take("ann", RATE), 6) == 2.0


def test_refused_calls_take_nothing() -> None:
    clock = FakeClock()
    buckets: Buckets[str] = Buckets(clock=clock)
    for _ in range(100):
        buckets.take("ann", RATE)
    clock.advance(10)

    assert [buckets.take("ann", RATE) for _ in range(5)] == [0.0] * 5


def test_keys_have_buckets_of_their_own_and_many_of_them_reset_none() -> None:
    clock = FakeClock()
    buckets: Buckets[int] = Buckets(clock=clock)
    for _ in range(5):
        buckets.take(0, RATE)
    for key in range(1, 60_000):
        assert buckets.take(key, RATE) == 0.0

    assert buckets.take(0, RATE) > 0


def test_calls_of_other_nodes_count() -> None:
    buckets: Buckets[str] = Buckets(clock=FakeClock())
    buckets.raise_to("ann", 8.0)

    assert buckets.take("ann", RATE) == 0.0
    assert round(buckets.take("ann", RATE), 6) == 2.0


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=60))
def test_no_interval_has_more_calls_than_a_full_bucket_and_what_comes_back(pauses: list[float]) -> None:
    clock = FakeClock()
    buckets: Buckets[str] = Buckets(clock=clock)
    taken: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        if not buckets.take("ann", RATE):
            taken.append(clock.monotonic())

    for first, begin in enumerate(taken):
        for count, end in enumerate(taken[first:], 1):
            assert count <= RATE.calls + (end - begin) / RATE.spacing + 1e-3
