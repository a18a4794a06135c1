"""How the adapters over Cassandra talk to it: many requests at once, and batches that stay small."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from kernel.store.cassandra import CassandraSession, Statement

T = TypeVar("T")

ROWS = 50
"""Of one batch, at most."""
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
    """Write rows of one partition, in batches that are all or nothing each; they end in no particular order."""
    await together(_batch(session, statements[at : at + ROWS]) for at in range(0, len(statements), ROWS))


async def _batch(session: CassandraSession, statements: Sequence[Statement]) -> None:
    if len(statements) == 1:
        await session.execute(*statements[0])
    else:
        await session.batch(statements)
