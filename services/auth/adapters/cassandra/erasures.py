"""Planned erasures in Cassandra, in an expiry index."""

from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from services.auth.model import Erasure

# Part of the subject of an erasure that deletes messages too.
_WITH_MESSAGES = " messages"


class CassandraErasures:
    """ErasureStore in Cassandra. Deleted data stays in its files until a compaction after `gc_grace_seconds`."""

    def __init__(self, session: CassandraSession) -> None:
        self._index = ExpiryIndex(session, prefix="auth", name="erasures")

    async def add(self, erasures: Collection[Erasure]) -> None:
        for erasure in erasures:
            await self._index.add(_expiry(erasure))

    async def due(self, now: datetime, *, limit: int) -> Sequence[Erasure]:
        found: list[Erasure] = []
        async for expiry in self._index.until(now):
            found.append(_erasure(expiry))
            if len(found) == limit:
                break
        return found

    async def done(self, erasure: Erasure) -> None:
        await self._index.done(_expiry(erasure))


def _expiry(erasure: Erasure) -> Expiry:
    return Expiry(erasure.user_id + (_WITH_MESSAGES if erasure.delete_messages else ""), erasure.due_at)


def _erasure(expiry: Expiry) -> Erasure:
    user_id = UserId(expiry.subject.removesuffix(_WITH_MESSAGES))
    return Erasure(user_id, expiry.at, delete_messages=expiry.subject.endswith(_WITH_MESSAGES))
