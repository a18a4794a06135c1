"""Removals to confirm, and the comparison with the message store, in Cassandra."""

from collections.abc import Sequence
from datetime import datetime

from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.session import CassandraSession
from services.media.model import Comparison, MessageKey, PendingRemoval

_HAS_FILES = "SELECT media_id FROM message_files WHERE chat_id = ? AND message_id = ? LIMIT 1"
_LOAD = "SELECT step, after, done FROM media_comparisons WHERE epoch = ?"
# The step orders the writes of all nodes, whatever their clocks say.
_SAVE = "INSERT INTO media_comparisons (epoch, step, after, done) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"


class CassandraPendingRemovals:
    """PendingRemovals in an index by time. A message may be pending twice, which has no effect."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session
        self._expiry = ExpiryIndex(session, prefix="media", name="removals")

    async def add(self, messages: Sequence[MessageKey], *, due_at: datetime) -> None:
        for message in messages:
            if await self._session.execute(_HAS_FILES, (message.chat_id, message.message_id)):
                await self._expiry.add(_expiry(PendingRemoval(message, 0, due_at)))

    async def due(self, now: datetime, *, limit: int) -> Sequence[PendingRemoval]:
        found: list[PendingRemoval] = []
        async for due in self._expiry.until(now):
            chat_id, message_id, attempts = due.subject.split(" ")
            found.append(PendingRemoval(MessageKey(chat_id, message_id), int(attempts), due.at))
            if len(found) == limit:
                break
        return found

    async def postpone(self, removal: PendingRemoval, *, until: datetime) -> None:
        # Add the new entry first: a crash between the two writes leaves both.
        await self._expiry.add(_expiry(PendingRemoval(removal.message, removal.attempts + 1, until)))
        await self.remove(removal)

    async def remove(self, removal: PendingRemoval) -> None:
        await self._expiry.done(_expiry(removal))


class CassandraComparisonProgress:
    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def load(self, epoch: str) -> Comparison | None:
        for row in await self._session.execute(_LOAD, (epoch,)):
            return Comparison(epoch, row["step"], row["after"], row["done"])
        return None

    async def save(self, comparison: Comparison) -> None:
        values = (comparison.epoch, comparison.step, comparison.after, comparison.done)
        await self._session.execute(_SAVE, (*values, comparison.step))


def _expiry(removal: PendingRemoval) -> Expiry:
    key = removal.message
    return Expiry(f"{key.chat_id} {key.message_id} {removal.attempts}", removal.due_at)
