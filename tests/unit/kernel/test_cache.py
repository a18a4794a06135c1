"""Caches with a bound."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kernel.cache import BoundedCache, TtlCache
from tests.fakes import FakeClock

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(st.sampled_from(["get", "put", "pop"]), KEYS), max_size=60)
TIMED_STEPS = st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["put", "pop"]), KEYS), max_size=60)


def test_the_least_recently_used_value_is_dropped_and_its_key_returned() -> None:
    cache = BoundedCache[str, int](capacity=2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")

    assert cache.put("c", 3) == ["b"]
    assert list(cache) == ["a", "c"]


def test_a_value_that_is_only_peeked_at_does_not_count_as_used() -> None:
    cache = BoundedCache[str, int](capacity=2)
    cache.put("a", 1)
    cache.put("b", 2)

    assert cache.peek("a") == 1
    assert cache.put("c", 3) == ["a"]


def test_a_value_that_is_put_again_is_replaced_and_counts_as_used() -> None:
    cache = BoundedCache[str, int](capacity=2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 3)

    assert cache.put("c", 4) == ["b"]
    assert cache.get("a") == 3


def test_a_cleared_cache_returns_its_keys_and_is_empty() -> None:
    cache = BoundedCache[str, int](capacity=2)
    cache.put("a", 1)

    assert cache.clear() == ["a"]
    assert "a" not in cache
    assert len(cache) == 0


@given(steps=STEPS, capacity=st.integers(1, 4))
def test_the_most_recently_used_keys_stay_whatever_happens(steps: Sequence[tuple[str, str]], capacity: int) -> None:
    cache, used = BoundedCache[str, int](capacity=capacity), list[str]()

    for number, (kind, key) in enumerate(steps):
        known = key in used
        match kind:
            case "get":
                assert (cache.get(key) is not None) == known
            case "put":
                cache.put(key, number)
            case _:
                assert (cache.pop(key) is not None) == known
        if known:
            used.remove(key)
        if kind == "put" or (kind == "get" and known):
            used = [*used, key][-capacity:]
        assert list(cache) == used


def test_a_value_is_returned_until_it_is_older_than_its_ttl() -> None:
    clock = FakeClock()
    cache = TtlCache[str, int](capacity=10, ttl=5, clock=clock)
    cache.put("a", 1)

    clock.advance(5)
    assert cache.get("a") == 1

    clock.advance(0.1)
    assert cache.get("a") is None


def test_a_reader_may_ask_for_a_younger_value_but_not_for_an_older_one() -> None:
    clock = FakeClock()
    cache = TtlCache[str, int](capacity=10, ttl=5, clock=clock)
    cache.put("a", 1)
    clock.advance(3)

    assert cache.get("a", max_age=2) is None
    assert cache.get("a", max_age=4) == 1

    clock.advance(3)
    assert cache.get("a", max_age=100) is None


def test_the_oldest_value_is_dropped_first_however_often_it_is_read() -> None:
    cache = TtlCache[str, int](capacity=2, ttl=5, clock=FakeClock())
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)

    assert cache.get("a") is None
    assert cache.get("b") == 2


@given(steps=TIMED_STEPS, capacity=st.integers(1, 4))
def test_after_a_put_only_young_values_are_stored(steps: Sequence[tuple[float, str, str]], capacity: int) -> None:
    clock = FakeClock()
    cache, put_at = TtlCache[str, str](capacity=capacity, ttl=6, clock=clock), dict[str, float]()

    for pause, kind, key in steps:
        clock.advance(pause)
        put_at.pop(key, None)
        if kind == "pop":
            cache.pop(key)
            continue
        cache.put(key, key)
        put_at[key] = clock.monotonic()
        young = [key for key, at in put_at.items() if clock.monotonic() - at <= 6][-capacity:]
        put_at = {key: put_at[key] for key in young}
        assert len(cache) == len(young)
        assert all(cache.get(key) == key for key in young)
