"""Runs the command `chatly` to its end."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHATLY = Path(sys.executable).parent / "chatly"


@dataclass(frozen=True, slots=True)
class Result:
    """Exit code and output of the command."""

    exit_code: int
    output: str


async def chatly(environ: Mapping[str, str], *arguments: str) -> Result:
    process = await asyncio.create_subprocess_exec(
        CHATLY,
        *arguments,
        env=dict(environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return Result(process.returncode, output.decode())
