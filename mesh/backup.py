"""`chatly backup`: copies the data folder of an embedded mesh as it is at one moment, while the mesh may be running.

The backup is one cut, for this reason:

- The states of all databases are taken first, within a millisecond, and copied afterwards.
- auth.db, media.db and presence.db do not change between the first and the last state: if one does, all are taken
  again. So they are as they are when the state of log.db is taken: an account, a session or a file that the log names
  exists.
- The state of history.db is taken before that of log.db, and the persister stores only what the log has. So the store
  is never ahead of the log, and what it lacks is read from the log after a restore.
- Files are linked before and after the states are taken. A file is stored before its metadata and removed after them.
  So a file of this state that is not in the backup was deleted meanwhile, and the states are taken again.
"""

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from history.sqlite.log_rows import load_epochs, stored_offsets
from kernel.blob.folder import blob_path, stored_blobs
from kernel.disk import sync_folder
from kernel.settings import load
from kernel.sqlite.snapshot import SqliteSnapshot, fault_of
from mesh.backup_files import (
    BackupError,
    Description,
    Progress,
    Say,
    failure,
    link_or_copy,
    private_folder,
    write_checksums,
)
from mesh.settings import ProcessSettings
from services.media.adapters.sqlite.media import has_blob, stored_names

DATABASES = ("auth.db", "media.db", "presence.db", "history.db", "log.db")
"""In the order in which their states are taken."""
_STEADY = ("auth.db", "media.db", "presence.db")
_REQUIRED = ("history.db", "log.db")
BLOBS = Path("media") / "blobs"
SECRETS = Path("secrets")
_ATTEMPTS = 1_000
_CUTS = 5
_MIB = 1 << 20


def backup(environ: Mapping[str, str], target: Path, say: Say) -> int:
    """Write a backup to a new folder. Return exit code 0, or 1 with a reason and without a backup."""
    process = load(ProcessSettings, environ)
    if process.distributed:
        say("`chatly backup` is for the embedded mesh. For Kafka, Cassandra and S3 see docs/operations.md, Backing up.")
        return 1
    try:
        with _new_folder(target, process.data_dir) as folder:
            _Backup(process.data_dir, folder, say).write()
    except BackupError as error:
        say(f"No backup was made: {error}")
        return 1
    except (OSError, sqlite3.Error) as error:
        say(f"No backup was made: {failure(error, target.absolute().parent)}")
        return 1
    say(f"The backup is in {target.resolve()}. It has password hashes and private keys: protect it.")
    if process.service_secret:
        say("CHATLY_SERVICE_SECRET is set, so it is not in the backup: keep it elsewhere.")
    return 0


@contextmanager
def _new_folder(target: Path, data_dir: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target` that gets its name at the end. Remove the folder after an error."""
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty. Name a new folder")
    if target.is_mount():
        raise BackupError(f"{target} is a mount point. Name a new folder in it")
    if target.is_relative_to(data_dir.absolute()):
        raise BackupError(f"{target} is in the data folder. Name a folder elsewhere, best on another disk")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".incomplete", dir=target.parent))
    try:
        yield folder
        folder.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Backup:
    """One backup of a data folder into an empty folder."""

    def __init__(self, data_dir: Path, folder: Path, say: Say) -> None:
        self._data_dir = data_dir
        self._folder = folder
        self._say = say

    def write(self) -> None:
        """Write all files."""
        for name in _REQUIRED:
            if not (self._data_dir / name).exists():
                raise BackupError(
                    f"{self._data_dir.absolute()} has no {name}. Set CHATLY_DATA_DIR to a mesh that has run"
                )
        self._check_space()
        self._say(f"Backing up {self._data_dir.absolute()}")
        # The second pass is short, so few files are deleted between it and the states of the databases.
        for _ in range(2):
            self._link_blobs()
        self._copy_databases()
        self._remove_unknown_blobs()
        self._copy_secrets()
        self._describe().write(self._folder)
        size = write_checksums(self._folder, Progress(self._say, "checksums"))
        blobs = sum(1 for _ in stored_blobs(self._folder / BLOBS))
        self._say(f"  {blobs:,} files of messages and profiles, {size / _MIB:,.1f} MiB in all")

    def _check_space(self) -> None:
        """Raise BackupError if the disk is too full for the databases."""
        sizes = sum(path.stat().st_size for name in DATABASES for path in self._data_dir.glob(f"{name}*"))
        if self._device(self._data_dir) != self._device(self._folder):
            sizes += sum(path.stat().st_size for _, path in stored_blobs(self._data_dir / BLOBS))
        free = shutil.disk_usage(self._folder).free
        if sizes > free:
            raise BackupError(
                f"it needs {sizes / _MIB:,.0f} MiB, and the disk of {self._folder.parent} has {free / _MIB:,.0f}"
            )

    def _device(self, folder: Path) -> int:
        return folder.stat().st_dev

    def _link_blobs(self) -> None:
        """Add all files that the backup does not have. A stored file never changes, so a hard link is enough."""
        progress = Progress(self._say, "files")
        private_folder(self._folder / BLOBS)
        for done, (name, source) in enumerate(stored_blobs(self._data_dir / BLOBS), 1):
            target = blob_path(self._folder / BLOBS, name)
            if not target.exists():
                private_folder(target.parent)
                with suppress(FileNotFoundError):  # deleted meanwhile
                    link_or_copy(source, target, link=True)
            progress(done, 0, "files")

    def _copy_databases(self) -> None:
        """Copy the databases until every file of their state is in the backup, or is missing in the data folder too."""
        lost: set[str] | None = None
        for _ in range(_CUTS):
            self._copy_once()
            self._link_blobs()
            missing = self._missing_blobs()
            if not missing or (lost is not None and missing <= lost):
                if missing:
                    self._say(f"  {len(missing):,} files are missing in the data folder: see `chatly verify`")
                return
            lost = missing
        raise BackupError("files are deleted faster than they are copied. Try again")

    def _copy_once(self) -> None:
        with ExitStack() as stack:
            states = [
                stack.enter_context(closing(SqliteSnapshot(self._data_dir / name)))
                for name in DATABASES
                if (self._data_dir / name).exists()
            ]
            take_together(states)
            self._link_blobs()
            for state in states:
                target = self._folder / state.path.name
                target.unlink(missing_ok=True)
                state.copy(target, Progress(self._say, state.path.name))
                if fault := fault_of(target, immutable=True):
                    raise BackupError(f"{state.path}: {fault}. Run `chatly verify`, and restore an earlier backup")
                self._say(f"  {state.path.name:<12} {target.stat().st_size / _MIB:,.1f} MiB")

    def _missing_blobs(self) -> set[str]:
        with _opened(self._folder / "media.db") as media:
            if media is None:
                return set()
            return {name for name in stored_names(media) if not blob_path(self._folder / BLOBS, name).exists()}

    def _remove_unknown_blobs(self) -> None:
        """Remove files from the backup that were deleted, or not complete, when the state of media.db was taken."""
        with _opened(self._folder / "media.db") as media:
            for name, path in stored_blobs(self._folder / BLOBS):
                if media is None or not has_blob(media, name):
                    path.unlink()

    def _copy_secrets(self) -> None:
        for source in sorted((self._data_dir / SECRETS).glob("*")):
            if source.is_file():
                private_folder(self._folder / SECRETS)
                link_or_copy(source, self._folder / SECRETS / source.name, link=False)

    def _describe(self) -> Description:
        with _opened(self._folder / "log.db") as log, _opened(self._folder / "history.db") as history:
            if log is None or history is None:
                raise BackupError("the copies of log.db and history.db disappeared")
            (log_id,) = log.execute("SELECT log_id FROM facts").fetchone()
            ends = log.execute("SELECT log_partition, max(log_offset) FROM records GROUP BY log_partition").fetchall()
            epochs = load_epochs(history)
            stored = stored_offsets(history)
        return Description(
            program=version("chatly"),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            log_id=log_id,
            epoch=epochs[-1].number if epochs else 0,
            ends={str(partition): end for partition, end in ends},
            stored={str(partition): ordinal for partition, ordinal in stored.items()},
        )


def take_together(states: Sequence[SqliteSnapshot]) -> None:
    """Take the states of databases in order, so that the databases in `_STEADY` have not changed in between."""
    steady = [state for state in states if state.path.name in _STEADY]
    for attempt in range(_ATTEMPTS):
        before = [state.version() for state in steady]
        for state in states:
            state.take()
        if [state.version() for state in steady] == before:
            return
        for state in states:
            state.drop()
        time.sleep(0.001 * (attempt % 10))
    raise BackupError("accounts, files or presence change all the time. Try again when the mesh has less to do")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open a copy that nobody writes, or yield None if there is no file."""
    if not path.exists():
        yield None
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection
