"""A backup is one cut of a data folder that others are writing, and a restore is whole or changes nothing."""

import asyncio
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from kernel.runner import background
from kernel.sqlite.snapshot import SqliteSnapshot
from mesh import backup as backup_module
from mesh.backup import DATABASES, backup, take_together
from mesh.cli import main
from mesh.restore import restore
from mesh.settings import lock_data_dir
from mesh.verify import CLEAN
from services.media.model import Variant
from tests.builders import an_id
from tests.unit.log.harness import Run
from tests.unit.mesh.harness import DataFolder, add_file, blob_of, delete_file
from tests.waiting import eventually


def backed_up(folder: DataFolder, target: Path) -> tuple[int, str]:
    """Run `chatly backup`, and return its exit code and output."""
    lines: list[str] = []
    return backup({"CHATLY_DATA_DIR": str(folder.path)}, target, lines.append), "\n".join(lines)


def restored(source: Path, data_dir: Path, *, replace: bool = False, keep: bool = False) -> tuple[int, str]:
    """Run `chatly restore`, and return its exit code and output."""
    lines: list[str] = []
    environ = {"CHATLY_DATA_DIR": str(data_dir)}
    code = restore(environ, source, lines.append, replace=replace, keep_sessions=keep)
    return code, "\n".join(lines)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_was_acknowledged_before_a_backup_under_load_is_restored(folder: DataFolder, tmp_path: Path) -> None:
    texts: list[str] = []
    async with folder.mesh.run() as run, background({"talk": partial(talk, run, texts)}):
        await eventually(lambda: len(texts) >= 40)
        acknowledged = texts[:-ROUND]
        code, output = await asyncio.to_thread(backed_up, folder, tmp_path / "backup")
        sent_by_then = len(texts)
        await eventually(lambda: len(texts) > sent_by_then)
    assert code == 0, output

    folder.mesh.folder = tmp_path / "restored"
    code, output = await asyncio.to_thread(restored, tmp_path / "backup", folder.path)
    assert code == 0, output
    assert (await folder.verified(read_files=True))[0] == CLEAN
    more: list[str] = []
    async with folder.mesh.run() as run:
        await run.persist()
        kept = await run.kept()
        await run.send(5, more)
        await run.persist()
        assert await run.kept() == [*kept, *more]

    assert [text for text in kept if text in acknowledged] == acknowledged
    code, output = await folder.verified()
    assert code == CLEAN, output


ROUND = 23


async def talk(run: Run, texts: list[str]) -> None:
    """Send messages until cancelled, with a persister that is behind most of the time."""
    while True:
        await run.send(ROUND - 3, texts)
        await run.persist()
        await run.send(3, texts)


def test_a_backup_is_private_and_complete(folder: DataFolder, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        code, output = backed_up(folder, tmp_path / "backup")
    finally:
        os.umask(old)

    assert code == 0, output
    files = [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    folders = {path.parent for path in files} | {tmp_path / "backup"}
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}
    assert [path.name for path in files if path.name.endswith(("-wal", "-shm", "lock", "-journal"))] == []
    assert {"auth.db", "history.db", "log.db", "media.db", "secrets/service"} <= contents(tmp_path / "backup").keys()
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "backup", check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_files_are_linked_on_the_same_disk_and_copied_to_another(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(folder, tmp_path / "linked")

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr("mesh.backup_files.os.link", refuse)
    backed_up(folder, tmp_path / "copied")

    original = blob_of(folder, Variant.ORIGINAL)
    assert original.stat().st_nlink == 2
    path = original.relative_to(folder.path)
    assert (tmp_path / "copied" / path).read_bytes() == original.read_bytes()


def test_files_of_deleted_messages_are_not_in_a_backup(folder: DataFolder, tmp_path: Path) -> None:
    stray = folder.path / "media" / "blobs" / "00" / f"{an_id()}+original"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"deleted")

    backed_up(folder, tmp_path / "backup")

    assert b"deleted" not in contents(tmp_path / "backup").values()


def test_a_file_that_is_deleted_during_the_backup_is_in_no_state(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stored after the files were linked, and deleted after the states were taken."""
    media_id = an_id()
    states: list[object] = []

    def take(found: list[SqliteSnapshot]) -> None:
        if not states:
            asyncio.run(add_file(folder.path, media_id))
        take_together(found)
        if not states:
            delete_file(folder, media_id)
        states.append(found)

    monkeypatch.setattr(backup_module, "take_together", take)
    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, len(states)) == (0, 2), output
    assert "missing" not in output


def test_a_file_that_is_lost_is_named_and_does_not_prevent_a_backup(folder: DataFolder, tmp_path: Path) -> None:
    blob_of(folder, Variant.THUMBNAIL).unlink()

    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, "1 files are missing in the data folder" in output) == (0, True)


NAMES = ("media.db", "history.db", "log.db")
WRITER = """
import itertools, sqlite3, sys
databases = [sqlite3.connect(name, isolation_level=None, timeout=30) for name in ("media.db", "log.db", "history.db")]
for database in databases:
    database.execute("PRAGMA synchronous=OFF")
print("ready", flush=True)
for number in itertools.count(1):
    for database in databases:
        database.execute("UPDATE numbers SET number = ?", (number,))
"""
"""Writes each number to media.db, then to log.db, then to history.db."""


def test_states_that_are_taken_together_fit_together(tmp_path: Path) -> None:
    """The store is not ahead of the log, and the log does not name a file that media.db does not have."""
    for name in NAMES:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE numbers AS SELECT 0 AS number")
            connection.commit()
    states = [SqliteSnapshot(tmp_path / name) for name in NAMES]
    cuts = []
    with subprocess.Popen([sys.executable, "-c", WRITER], cwd=tmp_path, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        try:
            for turn in range(40):
                take_together(states)
                cuts.append([number_in(state, tmp_path / f"{turn} {state.path.name}") for state in states])
        finally:
            writer.kill()
    for state in states:
        state.close()

    assert cuts[-1] > cuts[0]
    assert [(media, store, log) for media, store, log in cuts if not store <= log <= media] == []


class BusyDatabase(SqliteSnapshot):
    """A database of a mesh that stores one more message before and after each state is taken."""

    def take(self) -> None:
        self._store_one()
        super().take()
        self._store_one()

    def _store_one(self) -> None:
        for name in ("log.db", "history.db"):
            with closing(sqlite3.connect(self.path.with_name(name))) as connection, connection:
                connection.execute("UPDATE numbers SET number = number + 1")


def test_the_store_is_never_ahead_of_the_log(tmp_path: Path) -> None:
    for name in DATABASES:
        with closing(sqlite3.connect(tmp_path / name)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE numbers AS SELECT 0 AS number")
    states = [BusyDatabase(tmp_path / name) for name in DATABASES]

    take_together(states)

    numbers = {state.path.name: number_in(state, tmp_path / f"copy {state.path.name}") for state in states}
    for state in states:
        state.close()
    assert numbers["history.db"] < numbers["log.db"]


def number_in(state: SqliteSnapshot, target: Path) -> int:
    state.copy(target, lambda *_: None)
    with closing(sqlite3.connect(f"file:{target}?immutable=1", uri=True)) as copy:
        number: int = copy.execute("SELECT number FROM numbers").fetchone()[0]
    return number


def test_a_folder_that_is_not_empty_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    assert backed_up(folder, tmp_path / "backup")[0] == 0

    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, "is not empty" in output) == (1, True)
    assert "is in the data folder" in backed_up(folder, folder.path / "backup")[1]
    lines: list[str] = []
    assert backup({"CHATLY_DATA_DIR": str(tmp_path / "none")}, tmp_path / "other", lines.append) == 1
    assert "has no history.db. Set CHATLY_DATA_DIR" in lines[0]


@pytest.mark.parametrize("where", ["link_or_copy", "write_checksums"])
def test_a_full_disk_leaves_nothing(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(backup_module, where, fill)
    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, "is full. Free some space" in output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_backup_that_does_not_fit_is_not_begun(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("mesh.backup.shutil.disk_usage", lambda _: usage._replace(free=1))

    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, "MiB, and the disk of" in output) == (1, True)


def test_a_damaged_database_is_not_backed_up(folder: DataFolder, tmp_path: Path) -> None:
    content = (folder.path / "history.db").read_bytes()
    (folder.path / "history.db").write_bytes(content[:8192] + b"x" * 4096 + content[12288:])

    code, output = backed_up(folder, tmp_path / "backup")

    assert (code, "is damaged" in output, (tmp_path / "backup").exists()) == (1, True, False)


def test_distributed_engines_are_backed_up_otherwise(tmp_path: Path) -> None:
    lines: list[str] = []
    environ = {"CHATLY_ENGINES": "distributed"}

    assert backup(environ, tmp_path / "backup", lines.append) == 1
    assert restore(environ, tmp_path / "backup", lines.append) == 1
    assert all("docs/operations.md" in line for line in lines)


@pytest.fixture
def source(folder: DataFolder, tmp_path: Path) -> Path:
    """A backup."""
    assert backed_up(folder, tmp_path / "backup")[0] == 0
    return tmp_path / "backup"


def test_a_damaged_backup_is_refused(source: Path, tmp_path: Path) -> None:
    for name in ("history.db", "secrets/service", "backup.json"):
        content = (source / name).read_bytes()
        (source / name).write_bytes(content[:-2] + b"?" + content[-1:])
        code, output = restored(source, tmp_path / "new")
        assert (code, "damaged" in output or "cannot be read" in output) == (1, True), output
        (source / name).write_bytes(content)
    assert not (tmp_path / "new").exists()


def test_an_incomplete_backup_is_refused(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "without file")
    (tmp_path / "without file" / "auth.db").unlink()
    shutil.copytree(source, tmp_path / "without sums")
    (tmp_path / "without sums" / "SHA256SUMS").unlink()

    assert "auth.db is missing" in restored(tmp_path / "without file", tmp_path / "new")[1]
    assert "is not a complete backup: it has no SHA256SUMS" in restored(tmp_path / "without sums", tmp_path / "new")[1]
    assert "it has no backup.json" in restored(tmp_path / "nothing", tmp_path / "new")[1]


def test_names_that_leave_the_folder_are_refused(source: Path, tmp_path: Path) -> None:
    with (source / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  ../outside\n")

    code, output = restored(source, tmp_path / "new")

    assert (code, "SHA256SUMS is damaged" in output) == (1, True)


def test_a_restore_refuses_a_data_folder_and_moves_it_aside_on_request(
    folder: DataFolder, source: Path, tmp_path: Path
) -> None:
    (folder.path / "newer").touch()
    before = contents(folder.path)

    code, output = restored(source, folder.path)
    assert (code, "With --replace it is moved aside" in output) == (1, True)
    assert contents(folder.path).keys() == {*before, "lock"}

    code, output = restored(source, folder.path, replace=True)
    assert code == 0, output
    (aside,) = tmp_path.glob("data.before-restore-*")
    assert contents(aside).keys() == {*before, "lock"}
    assert not (folder.path / "newer").exists()
    assert asyncio.run(folder.verified(read_files=True))[0] == CLEAN
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data", aside.name]


def test_a_running_mesh_is_not_replaced(folder: DataFolder, source: Path) -> None:
    with lock_data_dir(folder.path):
        code, output = restored(source, folder.path, replace=True)

    assert (code, "another Chatly is running" in output) == (1, True)
    assert folder.path.exists()


def test_a_restored_folder_is_private_and_its_log_has_a_new_epoch(source: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()

    code, output = restored(source, tmp_path / "new")

    assert code == 0, output
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert "Next: `chatly verify`" in output
    with closing(sqlite3.connect(tmp_path / "new" / "history.db")) as history:
        assert history.execute("SELECT cause FROM log_epochs ORDER BY number").fetchall() == [("first",), ("restored",)]


def test_a_backup_that_is_stopped_leaves_nothing(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(backup_module, "write_checksums", stop)
    monkeypatch.setenv("CHATLY_DATA_DIR", str(folder.path))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        code = main(["backup", str(tmp_path / "backup")])
    finally:
        signal.signal(signal.SIGTERM, handler)

    assert (code, "No backup was made" in capsys.readouterr().err) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
