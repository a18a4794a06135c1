"""The emulated disk keeps what was synced and loses the rest."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.powercut.disk import PowerCutDisk

pytestmark = pytest.mark.toolchain("gcc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def disk(tmp_path: Path, folder: Path) -> PowerCutDisk:
    folder.mkdir()
    return PowerCutDisk(folder, platters=tmp_path / "platters")


def run(disk: PowerCutDisk, folder: Path, program: str) -> str:
    """Run a program that ends itself with SIGKILL, cut the power, and return its output."""
    ending = "\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    command = [sys.executable, "-u", "-c", dedent(program) + ending]
    done = subprocess.run(command, cwd=folder, env=dict(disk.environment), capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    disk.cut()
    return done.stdout


def test_a_write_is_kept_up_to_the_last_sync(disk: PowerCutDisk, folder: Path) -> None:
    (folder / "old").write_bytes(b"....")
    disk.switch_on()

    run(
        disk,
        folder,
        """
        import os
        new, old = os.open("new", os.O_CREAT | os.O_RDWR), os.open("old", os.O_WRONLY)
        os.write(new, b"synced "); os.pwrite(old, b"A", 1); os.fsync(new); os.fdatasync(old)
        os.write(new, b"lost"); os.pwrite(old, b"B", 2); os.ftruncate(old, 2)
        """,
    )

    assert (folder / "new").read_bytes() == b"synced "
    assert (folder / "old").read_bytes() == b".A.."


def test_truncation_and_rewriting_are_kept_once_synced(disk: PowerCutDisk, folder: Path) -> None:
    (folder / "file").write_bytes(b"a long text")
    disk.switch_on()

    run(
        disk,
        folder,
        """
        import os
        file = os.open("file", os.O_WRONLY | os.O_TRUNC)
        os.write(file, b"short"); os.ftruncate(file, 8); os.fsync(file)
        """,
    )

    assert (folder / "file").read_bytes() == b"short\0\0\0"


def test_names_are_kept_with_the_next_sync_and_unsynced_files_are_empty(disk: PowerCutDisk, folder: Path) -> None:
    (folder / "removed").write_bytes(b"1")
    (folder / "late").write_bytes(b"2")
    disk.switch_on()

    run(
        disk,
        folder,
        """
        import os
        from pathlib import Path
        Path("deep/er").mkdir(parents=True)
        Path("deep/er/draft").write_bytes(b"never synced")
        Path("deep/er/draft").rename("deep/er/final")
        Path("removed").unlink()
        file = os.open("other", os.O_CREAT | os.O_WRONLY); os.fsync(file)
        Path("late").unlink()
        Path("later").touch()
        """,
    )

    assert sorted(path.name for path in folder.rglob("*")) == ["deep", "er", "final", "late", "other"]
    assert (folder / "deep" / "er" / "final").read_bytes() == b""


def test_a_file_that_replaces_another_keeps_its_synced_content(disk: PowerCutDisk, folder: Path) -> None:
    (folder / "file").write_bytes(b"old")
    disk.switch_on()

    run(
        disk,
        folder,
        """
        import os
        for name, content in (("file", b"new"), ("once", b"more")):
            draft = os.open("draft", os.O_CREAT | os.O_WRONLY)
            os.write(draft, content); os.fsync(draft); os.close(draft)
            os.replace("draft", name)
            os.fsync(os.open(".", os.O_RDONLY))
        """,
    )

    assert (folder / "file").read_bytes() == b"new"
    assert (folder / "once").read_bytes() == b"more"


def test_a_mapping_is_kept_up_to_the_last_flush(disk: PowerCutDisk, folder: Path) -> None:
    disk.switch_on()

    run(
        disk,
        folder,
        """
        import mmap, os
        file = os.open("file", os.O_CREAT | os.O_RDWR); os.ftruncate(file, 8192)
        memory = mmap.mmap(file, 8192)
        memory[0:4] = b"kept"; memory[5000:5004] = b"kept"; memory.flush()
        memory[0:4] = b"lost"
        """,
    )

    content = (folder / "file").read_bytes()
    assert (len(content), content[:4], content[5000:5004]) == (8192, b"kept", b"kept")


@pytest.mark.parametrize(("mode", "kept"), [("OFF", 0), ("FULL", 2000)])
def test_sqlite_keeps_what_it_acknowledged_only_if_it_syncs(
    disk: PowerCutDisk, folder: Path, mode: str, kept: int
) -> None:
    disk.switch_on()

    run(
        disk,
        folder,
        f"""
        import sqlite3
        connection = sqlite3.connect("rows.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous={mode}")
        connection.execute("CREATE TABLE rows (number INTEGER)")
        for number in range(2000):
            connection.execute("INSERT INTO rows VALUES (?)", (number,))
        """,
    )

    assert _rows(folder / "rows.db") == kept


def test_what_a_killed_process_left_unsynced_is_kept_by_the_next_sync(disk: PowerCutDisk, folder: Path) -> None:
    disk.switch_on()
    program = "import os; file = os.open('file', os.O_CREAT | os.O_RDWR | os.O_APPEND); os.write(file, b'{}')"
    subprocess.run([sys.executable, "-c", program.format("first ")], cwd=folder, env=dict(disk.environment), check=True)

    run(disk, folder, program.format("second") + "; os.fsync(file)")

    assert (folder / "file").read_bytes() == b"first second"


def _rows(path: Path) -> int:
    try:
        with sqlite3.connect(path) as connection:
            count: int = connection.execute("SELECT count(*) FROM rows").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return count
