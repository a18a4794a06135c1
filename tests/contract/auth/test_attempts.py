"""Contract of AttemptLimiter, for every adapter."""

from services.auth.ports import AttemptLimiter
from tests.fakes import FakeClock


async def fail(limiter: AttemptLimiter, *keys: str, times: int) -> None:
    for _ in range(times):
        await limiter.record_failure(keys)


async def test_five_failures_delay_a_key_until_the_delay_has_passed(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, "alice", times=4)
    assert await limiter.delay(["alice"]) == 0

    await fail(limiter, "alice", times=1)
    assert await limiter.delay(["alice"]) == 1

    clock.advance(0.75)
    assert await limiter.delay(["alice"]) == 0.25
    clock.advance(0.25)
    assert await limiter.delay(["alice"]) == 0


async def test_each_further_failure_doubles_the_delay_up_to_fifteen_minutes(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", times=7)
    assert await limiter.delay(["alice"]) == 4

    await fail(limiter, "alice", times=100)
    assert await limiter.delay(["alice"]) == 900


async def test_the_longest_delay_of_several_keys_counts(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", times=5)
    await fail(limiter, "address", times=6)

    assert await limiter.delay(["alice", "address", "unknown"]) == 2
    assert await limiter.delay(["unknown"]) == 0
    assert await limiter.delay([]) == 0


async def test_a_success_resets_one_key_only(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", "address", times=5)

    await limiter.record_success("alice")
    await limiter.record_success("unknown")

    assert await limiter.delay(["alice"]) == 0
    assert await limiter.delay(["address"]) == 1


async def test_an_hour_without_failures_resets_the_count(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, "alice", times=50)
    clock.advance(3601)
    await fail(limiter, "alice", times=1)

    assert await limiter.delay(["alice"]) == 0
