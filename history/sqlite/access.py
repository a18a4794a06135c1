"""Conversions of values, and reads and writes of many rows with one statement.

Every call into SQLite releases the GIL and must acquire it again. In a busy process the wait for the GIL takes longer
than the work on a row.
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
    """Return the bytes that are stored for a TimeUUID, or None for NULL."""
    return time_key(time_uuid) if time_uuid else None


def id_or_none(key: bytes | None) -> UUID | None:
    """Return the TimeUUID for a value that `key_or_null` returned."""
    return from_time_key(key) if key else None


def rows_of(connection: sqlite3.Connection, query: str, keys: Sequence[Key]) -> list[sqlite3.Row]:
    """Run a query that reads from `wanted`, a table of the given keys with the columns `a` and `b`.

    The query must start at `wanted` and `CROSS JOIN` the other tables. Otherwise SQLite may scan a whole table.
    """
    return [
        row
        for some in _few_sizes(keys)
        for row in connection.execute(_with_wanted(query, len(some), len(some[0])), list(chain.from_iterable(some)))
    ]


def write_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows of equal length. `statement` is an INSERT or REPLACE that contains `VALUES rows`."""
    for some in _few_sizes(rows):
        connection.execute(_with_rows(statement, len(some), len(some[0])), list(chain.from_iterable(some)))


def _few_sizes(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split items into groups whose sizes are powers of two.

    Few sizes mean few statements, so the connection keeps all of them prepared.
    """
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
