"""Databases of the history that do something else beside, started and stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from history.sqlite.schema import SCHEMA
from kernel.sqlite.database import SqliteDatabase

D = TypeVar("D", bound=SqliteDatabase)


@contextmanager
def started(database: D) -> Iterator[D]:
    """With the history's tables."""
    database.start(SCHEMA)
    try:
        yield database
    finally:
        database.stop()
