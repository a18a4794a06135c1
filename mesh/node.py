"""One service in a process of its own, as `chatly run` starts it on distributed engines."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel.grpc.tls import MeshTls
from kernel.settings import SettingsError
from mesh.edge.http_get import http_answer
from mesh.edge.process import die_with_parent
from mesh.places import Place

Say = Callable[[str], None]

_AGAIN_SECONDS = 1.0
_SETTINGS_ARE_WRONG = 2


@dataclass(slots=True, kw_only=True)
class Node:
    """A child process that is started again whenever it ends. What it says is in `log`."""

    place: Place
    environ: Mapping[str, str]
    log: Path
    tls: MeshTls | None
    say: Say
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def keep(self) -> None:
        """A background loop: it runs, always. Raise SettingsError if its settings are wrong: that stays so."""
        while True:
            self._process = await self._spawn()
            self.say(f"  {self.place.name:<12} {self.place.address}  (process {self._process.pid})")
            status = await self._process.wait()
            if status == _SETTINGS_ARE_WRONG:
                raise SettingsError(f"{self.place.name} cannot start: {self._last_words()}")
            self.say(f"  {self.place.name} ended with status {status}, it is started again: see {self.log}")
            await asyncio.sleep(_AGAIN_SECONDS)

    async def complaint(self) -> str | None:
        """Why it does not serve, or None."""
        answer = await http_answer(
            self.place.host, self.place.http_port, "/healthz", tls=self.tls, name=self.place.service
        )
        if answer is None:
            return "it does not answer yet"
        status, body = answer
        return None if status == 200 else _broken(body)  # noqa: PLR2004 - HTTP's own number

    async def stop(self, *, seconds: float) -> None:
        """Let it drain, and wait for its end; after `seconds` without that."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", "mesh", "serve", self.place.service]
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command,
                env=self.environ,
                stdout=log,
                stderr=log,
                # Ctrl-C is for whoever started it, who ends them in order.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _broken(body: str) -> str:
    """What a door says of the checks that fail."""
    try:
        checks = json.loads(body)["checks"]
        return "; ".join(f"{name}: {why}" for name, why in checks.items() if why) or "it is not serving"
    except (ValueError, KeyError, AttributeError, TypeError):
        return "it is not serving"
