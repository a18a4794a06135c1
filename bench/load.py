"""Runs the load generator (bench/load, in Go): a plan in, a result out."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from bench.sides import Side

_ROOT = Path(__file__).parent.parent
_BINARY = _ROOT / ".cache" / "bin" / "chatly-load"

Result = dict[str, Any]


def build() -> None:
    """Bring the binary up to date."""
    subprocess.run([_ROOT / "bench" / "build.sh"], check=True)  # noqa: S603 - our own script


async def run(side: Side, kind: str, **plan: object) -> Result:
    """Let it carry out a plan (see `Plan` in bench/load/main.go) on one side."""
    whole = {"kind": kind, "address": side.address, "pids": list(side.pids), **plan}
    process = await asyncio.create_subprocess_exec(
        _BINARY, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(whole).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator failed ({process.returncode})")
    return {"side": side.name, **json.loads(output)}
