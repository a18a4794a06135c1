"""Running until told to stop, and ending when a background loop fails."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from kernel.rpc.server import RunningServer
from kernel.rpc.settings import ServerSettings
from kernel.runner import background, run, run_service
from kernel.service import Service
from kernel.settings import SettingsError
from tests.fakes import Mesh

EMPTY = Service(name="empty", grpc_services=[], mount=[])


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


async def _run(service: Service, stop: asyncio.Event) -> list[RunningServer]:
    mesh = Mesh()
    ready: list[RunningServer] = []

    def stop_at_once(server: RunningServer) -> None:
        ready.append(server)
        stop.set()

    await run_service(
        service,
        settings=ServerSettings(grace_seconds=1.0),
        tokens=mesh.tokens,
        service_tokens=mesh.service_tokens,
        stop=stop,
        ready=stop_at_once,
    )
    return ready


async def test_a_service_runs_until_it_is_told_to_stop() -> None:
    (server,) = await _run(EMPTY, asyncio.Event())

    assert server.name == "empty"
    assert server.grpc_port
    assert server.http_port


async def test_a_failing_loop_ends_its_service() -> None:
    async def loop() -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    with pytest.raises(ExceptionGroup):
        await _run(replace(EMPTY, loops={"loop": loop}), asyncio.Event())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()

    assert run(main) == 0


def test_a_second_signal_does_not_wait() -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await stop.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    assert run(main) == 1


def test_wrong_settings_have_an_exit_code_of_their_own() -> None:
    async def main(_: asyncio.Event) -> None:
        raise ExceptionGroup("several", [SettingsError("CHATLY_X is not set")])

    assert run(main) == 2


def test_any_other_failure_is_told_by_the_exit_code() -> None:
    async def main(_: asyncio.Event) -> None:
        raise OSError("disk gone")

    assert run(main) == 1
