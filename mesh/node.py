"""One service in a process of its own, as `chatly run` starts it on distributed engines."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel.grpc.tls import MeshTls
from kernel.settings import SettingsError
from mesh.addresses import NodeAddress
from mesh.child import Child
from mesh.health import find_fault

Say = Callable[[str], None]

_RESTART_SECONDS = 1.0
_WRONG_SETTINGS = 2
"""The exit code of `chatly serve` for wrong settings."""


@dataclass(slots=True, kw_only=True)
class Node:
    """A child process that is restarted whenever it ends. Its output goes to `log`."""

    address: NodeAddress
    environ: Mapping[str, str]
    log: Path
    tls: MeshTls | None
    say: Say
    _process: Child | None = field(default=None, init=False)

    async def keep_running(self) -> None:
        """Run the process, and restart it whenever it ends. Raise SettingsError if its settings are wrong."""
        while True:
            self._process = self._start()
            self.say(f"  {self.address.name:<12} {self.address.address}  (process {self._process.pid})")
            status = await self._process.wait()
            if status == _WRONG_SETTINGS:
                raise SettingsError(f"{self.address.name} cannot start: {self._last_line()}")
            self.say(f"  {self.address.name} ended with status {status} and is restarted: see {self.log}")
            await asyncio.sleep(_RESTART_SECONDS)

    async def find_fault(self) -> str | None:
        """Return the reason why the process does not serve, or None if it serves."""
        return await find_fault(self.address.service, self.address.address, self.tls)

    async def stop(self, *, seconds: float) -> None:
        """Let the process drain, and wait until it ends. Kill the process after `seconds`."""
        if self._process is not None:
            await self._process.stop(seconds=seconds)

    def _start(self) -> Child:
        with self.log.open("ab") as log:
            return Child.start(
                [sys.executable, "-m", "mesh", "serve", self.address.service], output=log, environ=self.environ
            )

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "its log is empty"
