"""What the tables of history.db share: how values are written, and how rows of many keys are read and written at once.

Each call of SQLite gives Python's lock away and has to get it back: in a process that is busy, that takes longer than
the row itself.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import TypeVar
from uuid import UUID

from kernel.ids import from_time_key, time_key

T = TypeVar("T")

Key = tuple[str | bytes, ...]

_MOST_AT_ONCE = 64


def key_or_null(time_uuid: UUID | None) -> bytes | None:
    """A TimeUUID as it is stored."""
    return time_key(time_uuid) if time_uuid else None


def id_or_none(key: bytes | None) -> UUID | None:
    """Undo `key_or_null`."""
    return from_time_key(key) if key else None


def rows_of(connection: sqlite3.Connection, query: str, keys: Sequence[Key]) -> list[sqlite3.Row]:
    """All rows of a query from `wanted`, a table of these keys; its columns are `a` and `b`.

    It must begin at `wanted` and `CROSS JOIN` the rest: of anything else SQLite may make a walk through all rows.
    """
    return [
        row
        for some in _few_sizes(keys)
        for row in connection.execute(_with_wanted(query, len(some), len(some[0])), list(chain.from_iterable(some)))
    ]


def write_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows of one length by an INSERT or REPLACE that says `VALUES rows`."""
    for some in _few_sizes(rows):
        connection.execute(_with_rows(statement, len(some), len(some[0])), list(chain.from_iterable(some)))


def _few_sizes(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Powers of two: each size is a statement of its own, which the connection keeps ready."""
    start, size = 0, _MOST_AT_ONCE
    while start < len(items):
        while size > len(items) - start:
            size //= 2
        yield items[start : start + size]
        start += size


@cache
def _with_wanted(query: str, number: int, width: int) -> str:
    return f"WITH wanted ({', '.join('ab'[:width])}) AS (VALUES {_marks(number, width)}) {query}"


@cache
def _with_rows(statement: str, number: int, width: int) -> str:
    return statement.replace("VALUES rows", f"VALUES {_marks(number, width)}")


def _marks(number: int, width: int) -> str:
    row = ", ".join("?" * width)
    return ", ".join([f"({row})"] * number)
