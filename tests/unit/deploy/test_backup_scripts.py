"""The scripts for Cassandra's snapshots know every table, and take each from the right snapshot."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from history.open import cassandra_schema
from kernel.cassandra.schema import Schema
from mesh.services import SERVICES
from tests.architecture.sources import ROOT

SCRIPTS = ROOT / "deploy" / "backup"
BEFORE = {"stored_offsets": 1, "log_marks": 1, "chats": 2}
"""Tables with a snapshot of their own, and its step: the store must not claim more than what was copied."""
FILE = "nb-1-big-Data.db"


def tables(schema: Schema) -> Iterator[str]:
    for script in schema.scripts:
        yield from re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", script)


HISTORY = {*tables(cassandra_schema())}
ALL = {name for spec in SERVICES.values() for name in tables(spec.schema())}


def run(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [str(SCRIPTS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Return the backup of a node with four snapshots; each file contains the number of its snapshot."""
    for table in {*ALL, "schema_versions"}:
        for step in range(1, 5):
            folder = tmp_path / "data" / "chatly" / f"{table}-0a1b" / "snapshots" / f"monday-{step}"
            folder.mkdir(parents=True)
            (folder / FILE).write_text(str(step))
            (folder / "manifest.json").touch()
    done = run("collect.sh", "monday", tmp_path / "data", tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    return tmp_path / "backup"


def test_each_table_is_taken_from_its_snapshot(backup: Path) -> None:
    taken = {str(path.parent.relative_to(backup)): int(path.read_text()) for path in backup.rglob(FILE)}

    history = {f"history/{name}": BEFORE.get(name, 3) for name in HISTORY}
    assert taken == history | {f"accounts/{name}": 4 for name in ALL - HISTORY}


def test_a_backup_is_put_into_empty_tables(backup: Path, tmp_path: Path) -> None:
    for table in HISTORY:
        (tmp_path / "new" / "chatly" / f"{table}-2c3d").mkdir(parents=True)

    done = run("restore.sh", backup / "history", tmp_path / "new")

    assert done.returncode == 0, done.stderr
    assert {path.parent.name for path in tmp_path.glob(f"new/chatly/*/{FILE}")} == {f"{name}-2c3d" for name in HISTORY}


def test_a_table_with_data_or_without_its_folder_is_refused(backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "chatly" / "sends-2c3d"
    missing = run("restore.sh", backup / "history", tmp_path / "new")
    for table in HISTORY:
        (tmp_path / "new" / "chatly" / f"{table}-2c3d").mkdir(parents=True)
    (folder / FILE).write_text("data")
    full = run("restore.sh", backup / "history", tmp_path / "new")

    assert (missing.returncode, "run `chatly migrate`" in missing.stderr) == (1, True)
    assert (full.returncode, "table sends is not empty" in full.stderr) == (1, True)
    assert [path.read_text() for path in tmp_path.glob(f"new/chatly/*/{FILE}")] == ["data"]


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        (1, "-kt chatly.stored_offsets,chatly.log_marks"),
        (2, "-kt chatly.chats"),
        (3, "chatly"),
        (4, "chatly"),
    ],
)
def test_each_step_takes_its_tables(tmp_path: Path, step: int, arguments: str) -> None:
    done = subprocess.run(
        [str(SCRIPTS / "snapshot.sh"), str(step), "monday"],
        env={"PATH": "/usr/bin:/bin", "NODETOOL": "echo nodetool"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"nodetool snapshot -t monday-{step} {arguments}\n"
