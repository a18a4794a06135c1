"""Copies of databases that other processes are writing: a snapshot keeps the state of one moment until it is closed."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kernel.disk import sync_file

_PAGES_PER_STEP = 2_000


class SqliteSnapshot:
    """One state of a database in WAL mode. Writers never wait for it, but their WAL grows until it is closed."""

    def __init__(self, path: Path) -> None:
        """Open the database. Its state is taken later, by `take`."""
        self.path = path
        self._reader = _connect(path)
        # The version of the reader itself does not change while it keeps a state.
        self._probe = _connect(path)

    def version(self) -> int:
        """Return a number that changes with every commit of another connection."""
        version: int = self._probe.execute("PRAGMA data_version").fetchone()[0]
        return version

    def take(self) -> None:
        """Keep the present state. An earlier state is given up."""
        self.drop()
        self._reader.execute("BEGIN")
        # The transaction begins with its first read.
        self._reader.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def drop(self) -> None:
        """Give up the state."""
        if self._reader.in_transaction:
            self._reader.execute("ROLLBACK")

    def copy(self, target: Path, progress: Callable[[int, int], None]) -> None:
        """Write the state to a new file that needs no WAL, and sync it. `progress` gets done and all bytes."""
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        page_size: int = self._reader.execute("PRAGMA page_size").fetchone()[0]
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous=OFF")  # synced below, as a whole
            self._reader.backup(
                copy,
                pages=_PAGES_PER_STEP,
                progress=lambda _, left, total: progress((total - left) * page_size, total * page_size),
            )
        sync_file(target)

    def close(self) -> None:
        """Close the database."""
        self._reader.close()
        self._probe.close()


def fault_of(path: Path, *, immutable: bool = False) -> str | None:
    """Return why SQLite cannot read all of a database, or None if it can.

    `immutable`: nobody writes the file, so no lock and no WAL are needed.
    """
    options = "immutable=1" if immutable else "mode=ro"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True, timeout=10)) as connection:
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return f"the file is damaged: {error}"
    return None if found == "ok" else f"the file is damaged: {found}"


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=10)
