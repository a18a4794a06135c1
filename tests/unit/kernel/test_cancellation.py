"""Steps that a cancellation must not tear apart, and steps that must not keep one to themselves."""

import asyncio

import pytest

from kernel.cancellation import finish_despite_cancel, reraise_cancellation


class Step:
    """Waits for leave to end."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.ended = False

    async def __call__(self, failure: Exception | None = None) -> str:
        await self.may_end.wait()
        self.ended = True
        if failure is not None:
            raise failure
        return "done"


async def test_a_step_gives_its_result() -> None:
    step = Step()
    step.may_end.set()

    assert await finish_despite_cancel(step()) == "done"


async def test_what_a_step_raises_is_raised() -> None:
    step = Step()
    step.may_end.set()

    with pytest.raises(ConnectionError):
        await finish_despite_cancel(step(ConnectionError()))


@pytest.mark.parametrize("failure", [None, ConnectionError()])
async def test_a_cancellation_waits_for_the_step_also_when_it_comes_twice(failure: Exception | None) -> None:
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
async def test_a_cancellation_that_a_step_keeps_to_itself_is_raised(failure: Exception | None) -> None:
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


async def test_who_is_not_cancelled_hears_what_the_step_raises() -> None:
    with pytest.raises(ConnectionError), reraise_cancellation():
        raise ConnectionError


async def test_a_time_limit_around_it_stays_a_time_limit() -> None:
    async def wait_for_ever() -> None:
        async with asyncio.timeout(0.01):
            with reraise_cancellation():
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait_for_ever()
