"""A child process that ends with its parent.

`subprocess` starts it by vfork. asyncio's function would fork, because uvloop does, and gRPC's threads crash in the
copy.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, Self

# The kernel kills the program if its parent dies.
_DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")


class Child:
    """A process that was started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def start(cls, command: Sequence[str], *, output: IO[bytes], environ: Mapping[str, str] | None = None) -> Self:
        """Start a program. `output`: what it prints goes to this file. `environ`: None for this process's environment.

        Signals of the terminal do not reach it: the parent stops its children in order.
        """
        return cls(
            subprocess.Popen(  # noqa: S603 - programs of ours
                (*_DIES_WITH_PARENT, *command),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit code, or minus the signal that ended it, or None while it runs."""
        return self._process.poll()

    async def wait(self) -> int:
        """Return the status once the process has ended."""
        try:
            ended = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return self._process.wait()
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        loop.add_reader(ended, event.set)
        try:
            await event.wait()
        finally:
            loop.remove_reader(ended)
            os.close(ended)
        return self._process.wait()

    async def stop(self, *, seconds: float) -> None:
        """End the process with SIGTERM, or with SIGKILL after `seconds`. Does nothing if it has ended."""
        if self.status is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """Send SIGKILL. Does nothing if it has ended."""
        self._process.kill()
