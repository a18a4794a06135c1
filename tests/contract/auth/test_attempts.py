"""Contract of AttemptLimiter, for every adapter."""

import asyncio
from datetime import timedelta

from services.auth.attempts import AttemptLimit
from services.auth.ports import AttemptLimiter
from tests.fakes import FakeClock


def limits(*keys: str) -> list[AttemptLimit]:
    return [AttemptLimit(key, free=5) for key in keys]


async def fail(limiter: AttemptLimiter, clock: FakeClock, *keys: str, times: int) -> None:
    """Fail as soon as it is allowed."""
    for _ in range(times):
        while delay := await limiter.begin(limits(*keys)):
            clock.advance(delay)


async def test_five_failures_delay_a_key_until_the_delay_has_passed(limiter: AttemptLimiter, clock: FakeClock) -> None:
    for _ in range(5):
        assert await limiter.begin(limits("alice")) == 0
    assert await limiter.begin(limits("alice")) == 1

    clock.advance(0.75)
    assert await limiter.begin(limits("alice")) == 0.25
    clock.advance(0.25)
    assert await limiter.begin(limits("alice")) == 0


async def test_each_further_failure_doubles_the_delay_up_to_fifteen_minutes(
    limiter: AttemptLimiter, clock: FakeClock
) -> None:
    await fail(limiter, clock, "alice", times=7)
    assert await limiter.begin(limits("alice")) == 4

    await fail(limiter, clock, "alice", times=20)
    assert await limiter.begin(limits("alice")) == 900


async def test_a_limit_has_its_own_longest_delay(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "address", times=20)

    assert await limiter.begin([AttemptLimit("address", free=5, longest=timedelta(minutes=1))]) == 60
    assert await limiter.begin([AttemptLimit("address", free=21)]) == 0


async def test_the_longest_delay_of_several_keys_counts(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "address", times=6)
    for _ in range(5):
        await limiter.begin(limits("alice"))

    assert await limiter.begin(limits("alice", "address", "unknown")) == 2
    assert await limiter.begin(limits("unknown")) == 0
    assert await limiter.begin([]) == 0


async def test_an_attempt_that_must_wait_counts_for_no_key(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "alice", times=5)
    for _ in range(3):
        assert await limiter.begin(limits("address", "alice")) == 1

    clock.advance(0.5)
    assert await limiter.begin(limits("alice")) == 0.5
    assert await limiter.reset("address") == 0


async def test_of_sixty_concurrent_attempts_only_the_free_ones_begin(limiter: AttemptLimiter) -> None:
    delays = await asyncio.gather(*(limiter.begin(limits("address", f"account {number}")) for number in range(60)))

    assert sum(delay == 0 for delay in delays) == 5
    assert await limiter.reset("address") == 5


async def test_a_reset_concerns_one_key_and_returns_its_count(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "alice", "address", times=5)

    assert await limiter.reset("alice") == 5
    assert await limiter.reset("alice") == 0

    assert await limiter.begin(limits("alice")) == 0
    assert await limiter.begin(limits("address")) == 1


async def test_forgiven_failures_do_not_count(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "address", times=5)

    await limiter.forgive("address", 2)
    assert await limiter.begin(limits("address")) == 0
    assert await limiter.begin(limits("address")) == 0
    assert await limiter.begin(limits("address")) == 1

    await limiter.forgive("address", 100)
    await limiter.forgive("unknown", 1)
    assert await limiter.begin(limits("address")) == 0
    assert await limiter.reset("address") == 1


async def test_an_hour_without_failures_resets_the_count(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, clock, "alice", times=9)
    clock.advance(3601)

    assert await limiter.begin(limits("alice")) == 0
    assert await limiter.begin(limits("alice")) == 0


async def test_a_limit_can_forget_a_failure_in_a_given_time(limiter: AttemptLimiter, clock: FakeClock) -> None:
    limit = AttemptLimit("address", free=3, forgotten_every=timedelta(seconds=40))
    for _ in range(20):
        assert await limiter.begin([limit]) == 0
        clock.advance(20)
        assert await limiter.begin([limit]) == 0
        clock.advance(60)

    assert await limiter.begin([limit]) == 0
    assert await limiter.begin([limit]) == 0
    assert await limiter.begin([limit]) == 0
    assert await limiter.begin([limit]) == 1
