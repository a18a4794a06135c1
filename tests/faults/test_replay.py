"""A finished run can be checked again from its folder."""

import subprocess
import sys
from pathlib import Path

from tests.faults.checker.recording import Kind
from tests.faults.checker.stored import write_stored
from tests.faults.checker.timeline import Action, Fault, write_faults
from tests.faults.programs import ROOT
from tests.faults.story import Story, message_id


def left_behind(story: Story, folder: Path, *, failed: str = "") -> Path:
    (folder / "recordings").mkdir(parents=True)
    lines = [item.line() + "\n" for item in story.recording().entries]
    (folder / "recordings" / "all.jsonl").write_text("".join(lines))
    write_stored(story.stored, folder / "stored.json")
    fault = Fault(action=Action.KILL, parts=("messaging-1",), began=1.5, ended=3.5, served=3.9, failed=failed)
    write_faults([fault], folder / "faults.jsonl")
    return folder


def replay(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.faults", "--replay", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=50)


def test_a_correct_run_exits_with_0_and_stores_its_table(tmp_path: Path) -> None:
    folder = left_behind(Story(), tmp_path / "run")

    done = replay(folder)

    assert done.returncode == 0, done.stderr
    assert "| kill -9 messaging-1 |" in done.stdout
    assert "6 messages acknowledged, 12 deliveries, 2 devices: 0 lost" in (folder / "table.md").read_text()
    assert (folder / "findings.json").read_text() == "[]\n"


def test_a_lost_message_exits_with_1(tmp_path: Path) -> None:
    story = Story()
    story.drop(lambda item: item.kind == Kind.HEARD and item.device == "bob" and item.message == message_id(3))

    done = replay(left_behind(story, tmp_path / "run"))

    assert done.returncode == 1
    assert "1 lost, 0 doubled" in done.stdout
    assert f"lost: device bob never heard of message {message_id(3)}" in done.stdout


def test_a_part_that_did_not_recover_exits_with_1(tmp_path: Path) -> None:
    done = replay(left_behind(Story(), tmp_path / "run", failed="messaging-1 does not serve after 120 s"))

    assert done.returncode == 1
    assert "messaging-1 does not serve after 120 s" in done.stdout
