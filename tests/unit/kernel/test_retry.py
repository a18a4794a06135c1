"""Retries while something is unavailable."""

import asyncio
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason, not_found, unavailable
from kernel.retry import Backoff, retry, suppress_unavailable

EXACT = Backoff(first=0.1, longest=1.0, jitter=0)


class Step:
    """Raises the given errors, one per call, and returns "done" after them."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.reported: list[Exception] = []
        self.pauses: list[float] = []

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def retried(self) -> str:
        return await retry(self, report=self.reported.append, backoff=EXACT, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def _unavailable() -> ChatlyError:
    return unavailable(KernelReason.STORE_UNAVAILABLE, "the store does not answer")


async def test_a_step_that_succeeds_runs_once() -> None:
    step = Step()

    assert await step.retried() == "done"
    assert (step.calls, step.pauses, step.reported) == (1, [], [])


async def test_an_unavailable_step_is_reported_and_repeated_with_growing_pauses() -> None:
    errors = [_unavailable() for _ in range(6)]
    step = Step(*errors)

    assert await step.retried() == "done"
    assert step.pauses == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert step.reported == errors


async def test_another_error_is_raised_at_once() -> None:
    step = Step(_unavailable(), not_found(KernelReason.INTERNAL, "nothing here"))

    with pytest.raises(ChatlyError, match="nothing here"):
        await step.retried()
    assert step.calls == 2
    assert len(step.reported) == 1


async def test_the_caller_may_say_which_errors_are_temporary() -> None:
    step = Step(ConnectionError(), ConnectionError())

    result = await retry(
        step,
        report=step.reported.append,
        backoff=EXACT,
        is_temporary=lambda error: isinstance(error, ConnectionError),
        sleep=step._sleep,
    )

    assert result == "done"
    assert step.pauses == [0.1, 0.2]


async def test_cancelling_ends_the_attempts() -> None:
    async def never() -> None:
        raise _unavailable()

    task = asyncio.create_task(retry(never, report=lambda _: None, backoff=Backoff(first=60, longest=60)))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@given(
    first=st.floats(0.001, 10),
    longest=st.floats(10, 100),
    jitter=st.floats(0, 1),
    count=st.integers(1, 20),
)
def test_every_pause_is_within_the_jitter_below_its_full_length(
    first: float, longest: float, jitter: float, count: int
) -> None:
    backoff = Backoff(first=first, longest=longest, jitter=jitter)

    for number, pause in enumerate(islice(backoff.pauses(), count)):
        full = min(first * 2**number, longest)
        assert full * (1 - jitter) <= pause * (1 + 1e-9)
        assert pause <= full


def test_an_unavailable_store_is_suppressed() -> None:
    with suppress_unavailable():
        raise _unavailable()


def test_other_errors_are_not_suppressed() -> None:
    with pytest.raises(ChatlyError), suppress_unavailable():
        raise unavailable(KernelReason.LOG_UNAVAILABLE, "the event log does not answer")
    with pytest.raises(ConnectionError), suppress_unavailable():
        raise ConnectionError
