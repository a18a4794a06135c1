"""How channels are spread over lanes, and when a message to a fence is through. No Redis here."""

import pytest

from kernel.redis.shards import Fences, Lanes, Stamps

FENCE = "stored"


def lanes_of(count: int) -> Lanes:
    return Lanes(count=count, prefix="here:", fences=[FENCE])


def test_a_channel_has_one_lane_and_a_fence_has_all() -> None:
    lanes = lanes_of(4)

    assert {len(lanes.of(f"user:{number}")) for number in range(100)} == {1}
    assert {lane for number in range(100) for lane in lanes.of(f"user:{number}")} == {0, 1, 2, 3}
    assert list(lanes.of(FENCE)) == [0, 1, 2, 3]


def test_all_channels_of_a_lane_share_a_hash_tag_whatever_they_are_called() -> None:
    lanes = lanes_of(2)

    assert lanes.name(1, "chat:{tricky}") == "here:{bus:1}:chat:{tricky}"
    assert lanes.channel(1, lanes.name(1, "chat:{tricky}")) == "chat:{tricky}"


@pytest.mark.parametrize("count", [1, 3])
def test_a_fence_is_passed_with_the_last_copy(count: int) -> None:
    fences, stamped = Fences(lanes=count), Stamps().stamped(b"watermark")

    assert [fences.passed(lane, stamped) for lane in range(count)] == [None] * (count - 1) + [b"watermark"]


def test_a_copy_that_comes_twice_counts_once() -> None:
    fences, stamped = Fences(lanes=2), Stamps().stamped(b"watermark")

    assert fences.passed(0, stamped) is None
    assert fences.passed(0, stamped) is None
    assert fences.passed(1, stamped) == b"watermark"


def test_the_same_words_of_two_publishers_are_two_messages() -> None:
    fences, one, other = Fences(lanes=2), Stamps(), Stamps()

    assert fences.passed(0, one.stamped(b"watermark")) is None
    assert fences.passed(1, other.stamped(b"watermark")) is None


def test_messages_whose_copies_never_come_are_forgotten() -> None:
    fences, stamps = Fences(lanes=2), Stamps()
    first = stamps.stamped(b"first")
    fences.passed(0, first)
    for _ in range(5_000):
        fences.passed(0, stamps.stamped(b"lost"))
    newest = stamps.stamped(b"newest")
    fences.passed(0, newest)

    assert fences.passed(1, first) is None
    assert fences.passed(1, newest) == b"newest"
