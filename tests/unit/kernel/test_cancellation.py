"""Steps that a cancellation must not interrupt, and cancellations that must not be swallowed."""

import asyncio

import pytest

from kernel.cancellation import finish_despite_cancel, reraise_cancellation


class Step:
    """Ends when the test allows it."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.ended = False

    async def __call__(self, failure: Exception | None = None) -> str:
        await self.may_end.wait()
        self.ended = True
        if failure is not None:
            raise failure
        return "done"


async def test_the_result_of_a_step_is_returned() -> None:
    step = Step()
    step.may_end.set()

    assert await finish_despite_cancel(step()) == "done"


async def test_an_exception_of_a_step_is_raised() -> None:
    step = Step()
    step.may_end.set()

    with pytest.raises(ConnectionError):
        await finish_despite_cancel(step(ConnectionError()))


@pytest.mark.parametrize("failure", [None, ConnectionError()])
async def test_a_cancellation_waits_for_the_step_even_if_repeated(failure: Exception | None) -> None:
    step = Step()
    waiting = asyncio.create_task(finish_despite_cancel(step(failure)))
    await asyncio.sleep(0)
    for _ in range(2):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()

    step.may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert step.ended


@pytest.mark.parametrize("failure", [None, ConnectionError()])
async def test_a_cancellation_that_a_step_swallows_is_raised(failure: Exception | None) -> None:
    begun = asyncio.Event()

    async def step() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if failure is not None:
                raise failure from None

    async def careful() -> None:
        with reraise_cancellation():
            await step()

    waiting = asyncio.create_task(careful())
    await begun.wait()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_without_a_cancellation_the_exception_of_the_step_is_raised() -> None:
    with pytest.raises(ConnectionError), reraise_cancellation():
        raise ConnectionError


async def test_a_timeout_around_a_step_stays_a_timeout() -> None:
    async def wait_until_cancelled() -> None:
        async with asyncio.timeout(0.01):
            with reraise_cancellation():
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait_until_cancelled()
