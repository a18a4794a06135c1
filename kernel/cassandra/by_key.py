"""Reads rows of many partitions by their keys, some at a time."""

import asyncio
from collections.abc import Iterable

from kernel.cassandra.bridge import Row
from kernel.cassandra.session import CassandraSession

# Measured: a hundred accounts cost a sixth of what they do one by one. More at once would burden one coordinator.
_AT_ONCE = 25


async def rows_of(session: CassandraSession, cql: str, keys: Iterable[str]) -> list[Row]:
    """All rows of these partitions; `cql` ends with `IN ?`."""
    asked = list(set(keys))
    starts = range(0, len(asked), _AT_ONCE)
    pages = await asyncio.gather(*(session.execute(cql, (asked[start : start + _AT_ONCE],)) for start in starts))
    return [row for page in pages for row in page]
