import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

from mesh.child import Child
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(60)

IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
STARTS_A_CHILD = """
import sys, time
from mesh.child import Child
child = Child.start([sys.executable, "-c", "import time; time.sleep(600)"], output=sys.stdout.buffer)
print(child.pid, flush=True)
time.sleep(600)
"""


def start(code: str, log: Path) -> Child:
    with log.open("wb") as output:
        return Child.start([sys.executable, "-c", code], output=output)


async def test_its_status_is_the_exit_code(tmp_path: Path) -> None:
    child = start("raise SystemExit(7)", tmp_path / "log")

    assert await child.wait() == child.status == 7
    assert await child.wait() == 7


async def test_several_may_wait_and_give_up(tmp_path: Path) -> None:
    child = start("import time; time.sleep(600)", tmp_path / "log")
    waiting = [asyncio.create_task(child.wait()) for _ in range(3)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(child.wait(), 0.01)
    assert child.status is None

    await child.stop(seconds=30)

    assert await asyncio.gather(*waiting) == [-signal.SIGTERM] * 3
    await child.stop(seconds=30)


async def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = start(IGNORES_SIGTERM, log)
    await eventually(lambda: "ready" in log.read_text(), "it ignores SIGTERM")

    await child.stop(seconds=0.1)

    assert child.status == -signal.SIGKILL


async def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = start(STARTS_A_CHILD, log)
    await eventually(lambda: log.read_text().endswith("\n"), "it has started a child")
    pid = int(log.read_text())
    assert psutil.pid_exists(pid)

    parent.kill()
    await parent.wait()

    await eventually(lambda: not psutil.pid_exists(pid), "the child has ended")


async def test_a_program_that_does_not_exist_is_named_in_the_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        child = Child.start(["/no/such/envoy"], output=output)

    assert await child.wait() != 0
    assert "/no/such/envoy" in log.read_text()
