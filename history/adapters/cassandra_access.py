"""How the adapters over Cassandra talk to it: many requests at once, and batches that stay small."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from kernel.store.cassandra import CassandraSession, Statement

T = TypeVar("T")

_ROWS = 50
_KEYS = 100


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, in order; raise the first error once every one of them has ended."""
    waiting = list(work)
    if len(waiting) == 1:
        return [await waiting[0]]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def chunks(keys: Sequence[T]) -> Iterable[list[T]]:
    """Keys for one `IN` each."""
    return (list(keys[start : start + _KEYS]) for start in range(0, len(keys), _KEYS))


async def write(session: CassandraSession, statements: Sequence[Statement]) -> None:
    """Write rows of one partition; each batch is all or nothing, and the last one is written last."""
    for start in range(0, len(statements), _ROWS):
        part = statements[start : start + _ROWS]
        if len(part) == 1:
            await session.execute(*part[0])
        else:
            await session.batch(part)
