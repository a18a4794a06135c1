"""Planned erasures in Cassandra, in an expiry index."""

from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from services.auth.model import Erasure


class CassandraErasures:
    """ErasureStore in Cassandra. Deleted data stays in its files until a compaction after `gc_grace_seconds`."""

    def __init__(self, session: CassandraSession) -> None:
        self._index = ExpiryIndex(session, prefix="auth", name="erasures")

    async def add(self, erasures: Collection[Erasure]) -> None:
        for erasure in erasures:
            await self._index.add(Expiry(erasure.user_id, erasure.due_at))

    async def due(self, now: datetime, *, limit: int) -> Sequence[Erasure]:
        found: list[Erasure] = []
        async for expiry in self._index.until(now):
            found.append(Erasure(UserId(expiry.subject), expiry.at))
            if len(found) == limit:
                break
        return found

    async def done(self, erasure: Erasure) -> None:
        await self._index.done(Expiry(erasure.user_id, erasure.due_at))
