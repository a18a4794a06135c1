"""Blocks in Cassandra: one partition for each blocker."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from kernel.ids import UserId
from kernel.moments import to_micros
from kernel.store.cassandra import CassandraSession

# Conditional, so that a block and its taking back count in the order they were asked for, whatever the clocks of the
# nodes they were asked of. Both are rare.
_ADD = "INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES (?, ?, ?) IF NOT EXISTS"
_REMOVE = "DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ? IF EXISTS"
_OF = "SELECT blocked_id FROM blocks WHERE blocker_id = ?"


class CassandraBlocks:
    """BlockStore."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        await self._session.execute(_ADD, (blocker, blocked, to_micros(at)))

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        await self._session.execute(_REMOVE, (blocker, blocked))

    async def of(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        asked = list(dict.fromkeys(blockers))
        found = await asyncio.gather(*(self._blocked_by(blocker) for blocker in asked))
        return {blocker: blocked for blocker, blocked in zip(asked, found, strict=True) if blocked}

    async def clear(self, blocker: UserId) -> None:
        for blocked in await self._blocked_by(blocker):
            await self.remove(blocker, blocked)

    async def _blocked_by(self, blocker: UserId) -> frozenset[UserId]:
        rows = await self._session.execute(_OF, (blocker,))
        return frozenset(UserId(row["blocked_id"]) for row in rows)
