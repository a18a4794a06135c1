"""Concurrent requests to Cassandra, and batches over several partitions."""

import asyncio
from collections.abc import Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Statement

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=str)

Key = tuple[str | int, ...]
"""Values of a partition key, in column order."""

ROWS = 50
"""Maximum number of rows in one batch."""
_KEYS = 100
# Limits of a batch over several partitions. Cassandra warns about larger batches, because one coordinator handles the
# whole batch.
_SHARING_PARTITIONS = 10
_SHARING_BYTES = 5_000
_CELL_BYTES = 20
_TEXTS = (str, bytes)
# Limits of a query over several partitions: Cassandra looks up every id in every partition.
_SHARING_KEYS = 8
_SHARING_IDS = 2


async def gather_all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all coroutines and return their results in order.

    If some fail, raise the first error after all have ended.
    """
    waiting = list(work)
    if len(waiting) == 1:
        return [await waiting[0]]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def chunks(keys: Sequence[T], size: int = _KEYS) -> Iterator[Sequence[T]]:
    """Split keys into groups of at most `size`. The default is small enough for one `IN` clause."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def by_replica(session: CassandraSession, keys: Mapping[K, Key], size: int) -> Iterator[Sequence[K]]:
    """Group items whose partitions have the same replicas, at most `size` to a group.

    `keys` maps each item to its partition key.
    """
    groups: dict[Hashable, list[K]] = {}
    for thing, key in keys.items():
        groups.setdefault(session.replicas_of(key), []).append(thing)
    return (some for found in groups.values() for some in chunks(found, size))


async def select_by_keys(
    session: CassandraSession, cql: str, wanted: Mapping[tuple[S, int], Sequence[UUID]]
) -> list[Row]:
    """Select rows by partition and ids. `wanted` maps each partition (a text and an integer) to the ids wanted in it.

    `cql` ends with `first IN ? AND second = ? AND id IN ?`. The result may have more rows than wanted, because several
    partitions share a query.
    """
    queries: list[tuple[Sequence[S], int, Sequence[UUID]]] = []
    few: dict[int, dict[S, Key]] = {}
    for (first, second), ids in wanted.items():
        if len(ids) <= _SHARING_IDS:
            few.setdefault(second, {})[first] = (first, second)
        else:
            queries.extend(((first,), second, some) for some in chunks(ids))
    for second, keys in few.items():
        for group in by_replica(session, keys, _SHARING_KEYS):
            queries.append((group, second, [each for first in group for each in wanted[first, second]]))  # noqa: PERF401
    found = await gather_all(session.execute(cql, params) for params in queries)
    return [row for rows in found for row in rows]


async def write(session: CassandraSession, statements: Sequence[Statement]) -> None:
    """Write rows of one partition in batches. Each batch is atomic. The batches are written in no particular order."""
    await gather_all(_batch(session, some) for some in chunks(statements, ROWS))


async def write_all(session: CassandraSession, rows: Mapping[Key, Sequence[Statement]]) -> None:
    """Write rows of many partitions in no particular order. `rows` maps each partition key to the statements.

    The rows of a partition are written atomically if there are at most ROWS rows. Small writes to partitions with the
    same replicas share a batch.
    """
    whole: list[Sequence[Statement]] = []
    packs: dict[Hashable, _Pack] = {}
    for key, statements in rows.items():
        size = _size(statements)
        if size > _SHARING_BYTES or len(statements) > ROWS:
            whole.extend(chunks(statements, ROWS))
            continue
        replicas = session.replicas_of(key)
        pack = packs.get(replicas)
        if pack is None or not pack.has_room(len(statements), size):
            pack = packs[replicas] = _Pack()
            whole.append(pack.statements)
        pack.add(statements, size)
    await gather_all(_batch(session, statements) for statements in whole if statements)


class _Pack:
    """A batch of small writes to several partitions."""

    __slots__ = ("bytes", "partitions", "statements")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.partitions = 0
        self.bytes = 0

    def has_room(self, statements: int, size: int) -> bool:
        within_rows = len(self.statements) + statements <= ROWS
        return within_rows and self.partitions < _SHARING_PARTITIONS and self.bytes + size <= _SHARING_BYTES

    def add(self, statements: Sequence[Statement], size: int) -> None:
        self.statements.extend(statements)
        self.partitions += 1
        self.bytes += size


def _size(statements: Iterable[Statement]) -> int:
    """Return the approximate size of the statements in bytes, as Cassandra counts it."""
    size = 0
    for _, params in statements:
        size += _CELL_BYTES * len(params)
        for value in params:
            if isinstance(value, _TEXTS):
                size += len(value)
    return size


async def _batch(session: CassandraSession, statements: Sequence[Statement]) -> None:
    if len(statements) == 1:
        await session.execute(*statements[0])
    else:
        await session.batch(statements)
