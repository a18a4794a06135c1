"""What AttemptLimiter promises, asked of every adapter that makes the promise."""

from services.auth.ports import AttemptLimiter
from tests.fakes import FakeClock


async def fail(limiter: AttemptLimiter, *keys: str, times: int) -> None:
    for _ in range(times):
        await limiter.failed(keys)


async def test_five_failures_make_a_key_wait_and_time_lets_it_go(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, "alice", times=4)
    assert await limiter.wait(["alice"]) == 0

    await fail(limiter, "alice", times=1)
    assert await limiter.wait(["alice"]) == 1

    clock.advance(0.75)
    assert await limiter.wait(["alice"]) == 0.25
    clock.advance(0.25)
    assert await limiter.wait(["alice"]) == 0


async def test_each_further_failure_doubles_the_wait_up_to_fifteen_minutes(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", times=7)
    assert await limiter.wait(["alice"]) == 4

    await fail(limiter, "alice", times=100)
    assert await limiter.wait(["alice"]) == 900


async def test_the_longest_wait_of_several_keys_counts(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", times=5)
    await fail(limiter, "address", times=6)

    assert await limiter.wait(["alice", "address", "unknown"]) == 2
    assert await limiter.wait(["unknown"]) == 0
    assert await limiter.wait([]) == 0


async def test_success_forgets_one_key_and_leaves_the_others(limiter: AttemptLimiter) -> None:
    await fail(limiter, "alice", "address", times=5)

    await limiter.succeeded("alice")
    await limiter.succeeded("unknown")

    assert await limiter.wait(["alice"]) == 0
    assert await limiter.wait(["address"]) == 1


async def test_an_hour_without_failure_forgives_everything(limiter: AttemptLimiter, clock: FakeClock) -> None:
    await fail(limiter, "alice", times=50)
    clock.advance(3601)
    await fail(limiter, "alice", times=1)

    assert await limiter.wait(["alice"]) == 0
