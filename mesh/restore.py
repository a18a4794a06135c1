"""`chatly restore`: puts a backup in place of the data folder of an embedded mesh, whole or not at all."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from history.open import open_history
from kernel.disk import sync_folder
from kernel.errors import ChatlyError
from kernel.log.epoch_check import LogCheck
from kernel.settings import SettingsError, load
from kernel.sqlite.log import open_sqlite_log
from kernel.time import SystemClock
from mesh.backup import BLOBS
from mesh.backup_files import (
    BackupError,
    Description,
    Progress,
    Say,
    failure,
    link_or_copy,
    private_folder,
    read_checksums,
    read_description,
    sha256_of,
    sync_tree,
)
from mesh.settings import ProcessSettings, lock_data_dir
from services.auth.wiring import end_all_sessions

_LOCK = "lock"


def restore(
    environ: Mapping[str, str], source: Path, say: Say, *, replace: bool = False, keep_sessions: bool = False
) -> int:
    """Restore a backup. Return exit code 0, or 1 with a reason and with the data folder as it was.

    `replace`: move an existing data folder aside. `keep_sessions`: let users stay logged in.
    """
    process = load(ProcessSettings, environ)
    if process.distributed:
        say(
            "`chatly restore` is for the embedded mesh. For Kafka, Cassandra and S3 see docs/operations.md, Backing up."
        )
        return 1
    data_dir = process.data_dir.absolute()
    try:
        description = read_description(source)
        with _stopped(data_dir):
            _check_target(data_dir, replace=replace)
            say(f"Restoring the backup of {description.created_at} (Chatly {description.program}) to {data_dir}")
            with _new_folder(data_dir) as folder:
                _copy(source, folder, say)
                ended = asyncio.run(_prepare(folder, keep_sessions=keep_sessions))
                sync_tree(folder)
                aside = _rename_to(folder, data_dir)
    except (BackupError, SettingsError, ChatlyError) as error:
        say(f"Nothing was restored: {error}")
        return 1
    except (OSError, sqlite3.Error) as error:
        say(f"Nothing was restored: {failure(error, data_dir.parent)}")
        return 1
    _say_next(description, say, aside=aside, ended=None if keep_sessions else ended)
    return 0


@contextmanager
def _stopped(data_dir: Path) -> Iterator[None]:
    """Hold the lock of an existing data folder. Raise SettingsError if a mesh runs on it."""
    if not data_dir.exists():
        yield
        return
    with lock_data_dir(data_dir):
        yield


def _check_target(data_dir: Path, *, replace: bool) -> None:
    if data_dir.is_mount():
        raise BackupError(f"{data_dir} is a mount point. Set CHATLY_DATA_DIR to a folder in it")
    if _contents(data_dir) and not replace:
        raise BackupError(f"{data_dir} is not empty. With --replace it is moved aside, and nothing is deleted")


def _contents(data_dir: Path) -> list[Path]:
    return [path for path in data_dir.iterdir() if path.name != _LOCK] if data_dir.exists() else []


@contextmanager
def _new_folder(data_dir: Path) -> Iterator[Path]:
    """Yield a temporary folder beside the data folder. Remove it at the end, unless it was renamed."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{data_dir.name}.", suffix=".restoring", dir=data_dir.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, folder: Path, say: Say) -> None:
    """Copy all files of a backup. Raise BackupError if one is missing or has another checksum."""
    files = list(read_checksums(source))
    progress = Progress(say, "files")
    for number, (expected, path) in enumerate(files, 1):
        private_folder((folder / path).parent)
        try:
            # Stored files never change, so they are linked. Databases are copied.
            link_or_copy(source / path, folder / path, link=path.is_relative_to(BLOBS))
        except FileNotFoundError:
            raise BackupError(f"{source / path} is missing. Use another backup") from None
        if sha256_of(folder / path) != expected:
            raise BackupError(f"{source / path} is damaged: its checksum is wrong. Use another backup")
        progress(number, len(files), "files")


async def _prepare(folder: Path, *, keep_sessions: bool) -> int:
    """Begin a new epoch of the log, and end all sessions unless they are kept. Return the number of ended sessions."""
    clock = SystemClock()
    async with open_sqlite_log(folder / "log.db") as log, open_history(folder) as store:
        await LogCheck(log=log, store=store.log, clock=clock).restored()
    if keep_sessions or not (folder / "auth.db").exists():
        return 0
    return await end_all_sessions(folder, clock=clock)


def _rename_to(folder: Path, data_dir: Path) -> Path | None:
    """Rename the folder to the data folder. Return the new name of the old data folder, if it was not empty."""
    aside = None
    if _contents(data_dir):
        aside = data_dir.with_name(f"{data_dir.name}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        data_dir.rename(aside)
    else:
        (data_dir / _LOCK).unlink(missing_ok=True)
    try:
        folder.rename(data_dir)
    except BaseException:
        if aside and not data_dir.exists():
            aside.rename(data_dir)
        raise
    sync_folder(data_dir.parent)
    return aside


def _say_next(description: Description, say: Say, *, aside: Path | None, ended: int | None) -> None:
    if aside:
        say(f"The earlier data are in {aside}. Delete them when you do not need them any more.")
    say(f"Restored. What happened after {description.created_at} is gone, and clients load their chats again.")
    if ended is not None:
        say(f"{ended:,} sessions have ended: all users log in again, with the passwords of then.")
    say("Accounts and messages that were deleted since then exist again: delete them again.")
    say("Next: `chatly verify`, then `chatly run`.")
