"""A compared server as the load generator sees it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parent.parent.parent
BIN = ROOT / ".cache" / "bin"
HOST = "127.0.0.1"

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    token: str
    user_id: str


class Side(Protocol):
    """One server, reached in one way."""

    @property
    def name(self) -> str: ...

    @property
    def protocol(self) -> str:
        """A key of `protocols` in bench/load/protocols.go."""
        ...

    @property
    def addresses(self) -> tuple[str, str]:
        """Address for receivers, and address for senders."""
        ...

    @property
    def processes(self) -> Mapping[str, Sequence[int]]:
        """Process IDs by name: their work counts as the side's."""
        ...

    @property
    def engines(self) -> Mapping[str, Sequence[int]]:
        """The same for its engines, reported separately. They may work for other sides too."""
        ...

    async def people(self, number: int) -> list[Person]:
        """Return this many users. They may be the same as last time."""
        ...

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        """Return a chat_id."""
        ...


async def run(side: Side, kind: str, **plan: object) -> Result:
    """Run a plan with the load generator (bench/load, in Go) on one side; see `Plan` in its main.go."""
    address, send_address = side.addresses
    whole = {
        "kind": kind,
        "protocol": side.protocol,
        "address": address,
        "send_address": send_address,
        "processes": {name: list(pids) for name, pids in side.processes.items()},
        "engines": {name: list(pids) for name, pids in side.engines.items()},
        **plan,
    }
    process = await asyncio.create_subprocess_exec(
        BIN / "chatly-load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(whole).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator failed on {side.name} ({process.returncode})")
    return {"side": side.name, **json.loads(output)}


@asynccontextmanager
async def server(*command: str | Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[tuple[int, int]]:
    """Run a program that prints the port it serves on. Yield its process ID and that port; stop it at the end."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env=environ)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if not line:
            raise RuntimeError(f"{command[0]} did not start")
        yield process.pid, int(line)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
