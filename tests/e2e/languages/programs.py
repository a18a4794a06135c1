"""The clients in examples/: how to build and run them."""

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_EXAMPLES = _ROOT / "examples"


@dataclass(frozen=True, slots=True)
class Program:
    """One client."""

    language: str
    command: tuple[str, ...]


PYTHON = Program("python", (sys.executable, str(_EXAMPLES / "python/main.py")))
GO = Program("go", (str(_EXAMPLES / "go/bin/chatly-go"),))
NODE = Program("node", ("node", str(_EXAMPLES / "node/src/main.js")))
_CLASSES = f"{_EXAMPLES}/java/target/classes:{_EXAMPLES}/java/target/lib/*"
JAVA = Program("java", ("java", "-XX:TieredStopAtLevel=1", "-cp", _CLASSES, "chatly.example.Main"))


@cache
def build(program: Program) -> None:
    """Build the program once per session; fail the test with the compiler's output."""
    if program is PYTHON:
        return
    command = [str(_EXAMPLES / "build.sh"), program.language]
    built = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode != 0:
        pytest.fail(f"examples/build.sh {program.language} failed:\n{built.stdout}")


@asynccontextmanager
async def started(program: Program, *arguments: str) -> AsyncIterator[Process]:
    """Start the program; stdout includes stderr. It is ended with the context."""
    process = await asyncio.create_subprocess_exec(*program.command, *arguments, stdout=PIPE, stderr=STDOUT, cwd=_ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(program: Program, *arguments: str, seconds: float = 60) -> list[str]:
    """Run the program and return its output lines; fail the test on an error or a timeout."""
    async with started(program, *arguments) as process, asyncio.timeout(seconds):
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, f"{program.language} said:\n{output}"
    return output.splitlines()
