"""Shards and barriers of the bus, without Redis."""

import pytest

from kernel.redis.shards import BarrierIds, Barriers, Shards

BARRIER = "stored"


def shards_of(count: int) -> Shards:
    return Shards(count=count, prefix="here:", barriers=[BARRIER])


def test_a_channel_has_one_shard_and_a_barrier_has_all() -> None:
    shards = shards_of(4)

    assert {len(shards.of(f"user:{number}")) for number in range(100)} == {1}
    assert {shard for number in range(100) for shard in shards.of(f"user:{number}")} == {0, 1, 2, 3}
    assert list(shards.of(BARRIER)) == [0, 1, 2, 3]


def test_all_channels_of_a_shard_share_a_hash_tag() -> None:
    shards = shards_of(2)

    assert shards.name(1, "chat:{tricky}") == "here:{bus:1}:chat:{tricky}"
    assert shards.channel(1, shards.name(1, "chat:{tricky}")) == "chat:{tricky}"


@pytest.mark.parametrize("count", [1, 3])
def test_a_barrier_is_passed_with_the_last_copy(count: int) -> None:
    barriers, with_id = Barriers(shards=count), BarrierIds().with_id(b"watermark")

    assert [barriers.passed(shard, with_id) for shard in range(count)] == [None] * (count - 1) + [b"watermark"]


def test_a_repeated_copy_counts_once() -> None:
    barriers, with_id = Barriers(shards=2), BarrierIds().with_id(b"watermark")

    assert barriers.passed(0, with_id) is None
    assert barriers.passed(0, with_id) is None
    assert barriers.passed(1, with_id) == b"watermark"


def test_equal_payloads_of_two_publishers_are_two_messages() -> None:
    barriers, one, other = Barriers(shards=2), BarrierIds(), BarrierIds()

    assert barriers.passed(0, one.with_id(b"watermark")) is None
    assert barriers.passed(1, other.with_id(b"watermark")) is None


def test_messages_with_missing_copies_are_dropped_in_time() -> None:
    barriers, ids = Barriers(shards=2), BarrierIds()
    first = ids.with_id(b"first")
    barriers.passed(0, first)
    for _ in range(5_000):
        barriers.passed(0, ids.with_id(b"lost"))
    newest = ids.with_id(b"newest")
    barriers.passed(0, newest)

    assert barriers.passed(1, first) is None
    assert barriers.passed(1, newest) == b"newest"
