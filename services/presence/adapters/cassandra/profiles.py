"""Last seen times and statuses in Cassandra, with an index of expiring statuses."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kernel.cassandra.callbacks import Row
from kernel.cassandra.expiry import Expiry, ExpiryIndex
from kernel.cassandra.schema import Schema, read_schema
from kernel.cassandra.session import CassandraSession, select_by_keys
from kernel.ids import UserId
from kernel.time import maybe_from_micros, to_micros
from services.presence.errors import status_contended
from services.presence.model import CustomStatus, Profile

_ATTEMPTS = 10

_READ = (
    "SELECT user_id, last_seen_at, status_text, status_emoji, status_expires_at, status_revision"
    " FROM presence_profiles WHERE user_id IN ?"
)
# The stored time is also the write timestamp, so the stored time only moves forward.
_RECORD_SEEN = "UPDATE presence_profiles USING TIMESTAMP ? SET last_seen_at = ? WHERE user_id = ?"
# Conditional writes keep the order in which statuses were set, independent of the nodes' clocks, and let exactly one
# node remove an expired status. No plain write touches these columns.
_SET_STATUS = (
    "UPDATE presence_profiles SET status_text = ?, status_emoji = ?, status_expires_at = ?, status_revision = ?"
    " WHERE user_id = ? IF status_revision = ?"
)
# Conditional, because every write of the status is conditional: plain and conditional writes of one column do not mix.
_ERASE = "DELETE FROM presence_profiles WHERE user_id = ? IF status_revision = ?"
# The write timestamp is the stored time itself. It may be in the future, if a node's clock was ahead.
_FORGET_SEEN = "DELETE last_seen_at FROM presence_profiles USING TIMESTAMP ? WHERE user_id = ?"


class CassandraProfileStore:
    """ProfileStore in Cassandra, shared by all nodes."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session
        self._expiry = ExpiryIndex(session, prefix="presence", name="statuses")

    async def read(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Profile]:
        rows = await select_by_keys(self._session, _READ, user_ids)
        return {UserId(row["user_id"]): _profile(row) for row in rows}

    async def record_seen(self, times: Mapping[UserId, datetime]) -> None:
        micros = {user_id: to_micros(time) for user_id, time in times.items()}
        await asyncio.gather(
            *(self._session.execute(_RECORD_SEEN, (at, at, user_id)) for user_id, at in micros.items())
        )

    async def set_status(self, user_id: UserId, status: CustomStatus | None) -> None:
        if status and status.expires_at:
            # Add the expiry to the index first, so that every status with an expiry is removed in time.
            await self._expiry.add(Expiry(user_id, status.expires_at))
        for _ in range(_ATTEMPTS):
            if await self._replace(user_id, await self._find(user_id), status):
                return
        raise status_contended()

    async def erase(self, user_id: UserId) -> None:
        for _ in range(_ATTEMPTS):
            row = await self._find(user_id)
            if row is None or await self._delete(row):
                return
        raise status_contended()

    async def remove_expired_statuses(self, now: datetime) -> Sequence[UserId]:
        removed = []
        async for due in self._expiry.until(now):
            user_id = UserId(due.subject)
            row = await self._find(user_id)
            if row and row["status_expires_at"] == to_micros(due.at):
                if not await self._replace(user_id, row, None):
                    # The user has replaced the status since it was read. The next sweep checks this entry again.
                    continue
                removed.append(user_id)
            await self._expiry.done(due)
        return removed

    async def _find(self, user_id: UserId) -> Row | None:
        rows = await self._session.execute(_READ, ([user_id],))
        return rows[0] if rows else None

    async def _delete(self, row: Row) -> bool:
        """Delete a profile. Return False if the status has changed since `row` was read."""
        user_id = UserId(row["user_id"])
        if row["last_seen_at"] is not None:
            await self._session.execute(_FORGET_SEEN, (row["last_seen_at"], user_id))
        (answer,) = await self._session.execute(_ERASE, (user_id, row["status_revision"]))
        if answer["[applied]"] and (expires_at := maybe_from_micros(row["status_expires_at"])):
            await self._expiry.done(Expiry(user_id, expires_at))
        return bool(answer["[applied]"])

    async def _replace(self, user_id: UserId, before: Row | None, status: CustomStatus | None) -> bool:
        """Replace a status. Return False if the status has changed since `before` was read."""
        revision = before["status_revision"] if before else None
        new = (*_status_columns(status), (revision or 0) + 1)
        (answer,) = await self._session.execute(_SET_STATUS, (*new, user_id, revision))
        return bool(answer["[applied]"])


def presence_schema() -> Schema:
    """Return the schema that presence's stores need."""
    return read_schema("presence", "services.presence.adapters.cassandra.migrations")


def _profile(row: Row) -> Profile:
    status = None
    if row["status_text"] is not None:
        expires_at = maybe_from_micros(row["status_expires_at"])
        status = CustomStatus(row["status_text"], row["status_emoji"], expires_at)
    return Profile(maybe_from_micros(row["last_seen_at"]), status)


def _status_columns(status: CustomStatus | None) -> tuple[str | None, str | None, int | None]:
    if status is None:
        return None, None, None
    return status.text, status.emoji, None if status.expires_at is None else to_micros(status.expires_at)
