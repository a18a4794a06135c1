"""Blocks in Cassandra: one partition for each blocker."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from kernel.cassandra.session import CassandraSession, select_by_keys
from kernel.ids import UserId
from kernel.time import to_micros

# Conditional, so that a block and its taking back count in the order they were asked for, whatever the clocks of the
# nodes they were asked of. Both are rare.
_ADD = "INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES (?, ?, ?) IF NOT EXISTS"
_REMOVE = "DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ? IF EXISTS"
_OF = "SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id IN ?"


class CassandraBlocks:
    """BlockStore."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        await self._session.execute(_ADD, (blocker, blocked, to_micros(at)))

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        await self._session.execute(_REMOVE, (blocker, blocked))

    async def of(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        blocked: defaultdict[UserId, set[UserId]] = defaultdict(set)
        for row in await select_by_keys(self._session, _OF, blockers):
            blocked[UserId(row["blocker_id"])].add(UserId(row["blocked_id"]))
        return dict(blocked)

    async def clear(self, blocker: UserId) -> None:
        for row in await select_by_keys(self._session, _OF, [blocker]):
            await self.remove(blocker, UserId(row["blocked_id"]))
