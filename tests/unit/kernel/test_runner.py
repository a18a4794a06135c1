"""Running until a signal, and ending when a background loop fails."""

import asyncio
import os
import signal

import pytest

from kernel.runner import background, run
from kernel.settings import SettingsError


async def test_loops_run_beside_the_block_and_are_cancelled_with_it() -> None:
    seen: list[str] = []

    async def loop() -> None:
        seen.append("started")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    async with background({"loop": loop}):
        await asyncio.sleep(0)

    assert seen == ["started", "ended"]


async def test_a_loop_that_fails_ends_the_block() -> None:
    async def loop() -> None:
        raise OSError("gone")

    with pytest.raises(ExceptionGroup) as raised:
        async with background({"loop": loop}):
            await asyncio.Event().wait()

    assert raised.group_contains(OSError, match="gone")


async def test_a_loop_that_ends_is_a_failure_too() -> None:
    async def loop() -> None:
        return

    with pytest.raises(ExceptionGroup) as raised:
        async with background({"pump": loop}):
            await asyncio.Event().wait()

    assert raised.group_contains(RuntimeError, match="'pump' ended")


async def test_an_exception_of_the_block_is_raised_unchanged() -> None:
    async def loop() -> None:
        await asyncio.Event().wait()

    with pytest.raises(OSError, match="of the block"):
        async with background({"loop": loop}):
            raise OSError("of the block")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_stop(number: signal.Signals) -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()

    assert run(main) == 0


def test_a_second_signal_cancels() -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    assert run(main) == 1


def test_wrong_settings_have_their_own_exit_code() -> None:
    async def main(_: asyncio.Event) -> None:
        raise ExceptionGroup("several", [SettingsError("CHATLY_X is not set")])

    assert run(main) == 2


def test_any_other_failure_sets_the_exit_code() -> None:
    async def main(_: asyncio.Event) -> None:
        raise OSError("disk gone")

    assert run(main) == 1
