"""`python -m tests.load.enclosed FOLDER [--small]`: runs a scenario on a small disk, in its own mounts and network."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.faults.deployment.network import unshare
from tests.faults.programs import ROOT
from tests.load.context import CannotRunError, Context
from tests.load.report import Figure, Report, aborted
from tests.load.small_disk import SmallDisk, fill_it

_REPORT = "report.json"


async def enclosed(context: Context) -> Report:
    """Run it in another process, because mounts belong to a process. Its output is passed on."""
    inside = unshare()
    if inside is None:
        raise CannotRunError("no permission for private mounts: needs root or user namespaces")
    arguments = [str(context.folder), *(["--small"] if context.small else [])]
    process = await asyncio.create_subprocess_exec(
        *inside,
        *(sys.executable, "-m", "tests.load.enclosed", *arguments),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")},
        stdout=subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("the process has no output")
    async for line in process.stdout:
        context.say(line.decode().rstrip())
    if await process.wait():
        raise RuntimeError("the scenario on a small disk did not finish")
    return _read(context.folder / _REPORT)


def _read(path: Path) -> Report:
    found = json.loads(path.read_text())
    return Report([Figure(**each) for each in found["figures"]], found["complaints"])


async def _tell(folder: Path, *, small: bool) -> Report:
    def say(text: str) -> None:
        print(text, flush=True)

    context = Context(folder=folder, small=small, say=say, engines=dict)
    try:
        return await fill_it(context, SmallDisk.mounted(folder / "data", mib=context.size(96, 32)))
    except (pytest.fail.Exception, BaseExceptionGroup) as failure:
        return aborted(failure)


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder, small = Path(sys.argv[1]), "--small" in sys.argv
    report = asyncio.run(_tell(folder, small=small))
    (folder / _REPORT).write_text(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
