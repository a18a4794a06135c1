"""Runs a process until a signal stops it, and background loops beside its work."""

import asyncio
import ctypes
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import uvloop

from kernel.settings import SettingsError
from kernel.telemetry.logs import logger

# Thresholds of Python's garbage collector. Most objects of a server are freed by reference counting. By default, a
# collection runs after every 700 new objects, which takes about 5 % of a busy node's time.
_GARBAGE = (10_000, 20, 50)

Loop = Callable[[], Awaitable[None]]


@asynccontextmanager
async def background(loops: Mapping[str, Loop]) -> AsyncIterator[None]:
    """Run endless loops beside the block, and cancel them at its end.

    A loop that fails or ends cancels the block and the other loops; an ExceptionGroup is raised. An exception of the
    block itself is raised unchanged.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_endless(name, loop), name=name) for name, loop in loops.items()]
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the group that would wrap it
            failure = error
        finally:
            for task in tasks:
                task.cancel()
    if failure is not None:
        raise failure


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run `main(stop)` under uvloop; SIGINT or SIGTERM sets `stop`, a second signal cancels. Return the exit code.

    The code is 0 if `main` ended, 1 after a failure or a second signal, and 2 if settings are wrong. The log has the
    cause.
    """
    return uvloop.run(_run(main))


async def _run(main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    gc.set_threshold(*_GARBAGE)
    stop = asyncio.Event()
    task = asyncio.ensure_future(main(stop))
    _on_signals(lambda: task.cancel() if stop.is_set() else stop.set())
    log = logger("runner")
    try:
        await task
    except asyncio.CancelledError:
        log.warning("stopped without draining")
        return 1
    except Exception as error:
        problems = [str(item) for item in _settings_errors(error)]
        if not problems:
            log.exception("ended by a failure")
            return 1
        log.critical("cannot start", problems=problems)
        return 2
    return 0


def _on_signals(act: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, act)


async def _endless(name: str, loop: Loop) -> None:
    await loop()
    raise RuntimeError(f"the background loop {name!r} ended; it must run until it is cancelled")


def _settings_errors(error: BaseException) -> list[SettingsError]:
    if isinstance(error, BaseExceptionGroup):
        return [found for inner in error.exceptions for found in _settings_errors(inner)]
    return [error] if isinstance(error, SettingsError) else []


def release_startup_memory() -> None:
    """Free memory that only the start needed. Call it once, when the start is complete."""
    gc.collect()
    # Later collections skip all objects that exist now.
    gc.freeze()
    if sys.platform == "linux":
        # glibc keeps freed memory between used blocks. Other C libraries lack this function.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
