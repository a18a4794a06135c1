"""`python -m tests.load.enclosed FOLDER [--small]`: a story on a small disk, in mounts and a network of its own."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.faults.programs import ROOT
from tests.faults.world.network import unshare
from tests.load.ground import CannotRunError, Ground
from tests.load.report import Figure, Report, given_up
from tests.load.small_disk import SmallDisk, fill_it

_REPORT = "report.json"


async def enclosed(ground: Ground) -> Report:
    """Run it in another process, since mounts belong to a process; what it says is passed on."""
    inside = unshare()
    if inside is None:
        raise CannotRunError("there are no mounts of one's own here: needs root, or user namespaces")
    arguments = [str(ground.folder), *(["--small"] if ground.small else [])]
    process = await asyncio.create_subprocess_exec(
        *inside,
        *(sys.executable, "-m", "tests.load.enclosed", *arguments),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")},
        stdout=subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("a process without a voice")
    async for line in process.stdout:
        ground.say(line.decode().rstrip())
    if await process.wait():
        raise RuntimeError("the story on a small disk broke off")
    return _read(ground.folder / _REPORT)


def _read(path: Path) -> Report:
    found = json.loads(path.read_text())
    return Report([Figure(**each) for each in found["figures"]], found["complaints"])


async def _tell(folder: Path, *, small: bool) -> Report:
    def say(text: str) -> None:
        print(text, flush=True)

    ground = Ground(folder=folder, small=small, say=say, engines=dict)
    try:
        return await fill_it(ground, SmallDisk.mounted(folder / "data", mib=ground.size(96, 32)))
    except (pytest.fail.Exception, BaseExceptionGroup) as failure:
        return given_up(failure)


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder, small = Path(sys.argv[1]), "--small" in sys.argv
    report = asyncio.run(_tell(folder, small=small))
    (folder / _REPORT).write_text(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
