"""Sessions and refresh tokens in Cassandra: sessions by id and by user, ended sessions by hour.

Every row has a time to live.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import SessionId, UserId
from kernel.time import Clock, from_micros, maybe_from_micros, to_micros
from services.auth.model import CLOCK_SLACK, REFRESH_GRACE, SESSION_IDLE, RefreshToken, Session

KEPT_SECONDS = int((SESSION_IDLE + timedelta(days=1)).total_seconds())
"""Time to live of a session's rows after its last use. It exceeds SESSION_IDLE, so no refresh needs a deleted row."""
# Twice the grace period: a refresh that finds a spent token at the end of the grace period still needs its salt.
_SALT_SECONDS = int((2 * REFRESH_GRACE).total_seconds())
_ENDED_SECONDS = int(timedelta(days=1, hours=2).total_seconds())
_HOUR = timedelta(hours=1)

_COLUMNS = "session_id, user_id, device_name, address, created_at, last_used_at"
_WRITE = f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL {KEPT_SECONDS}"
_READ = f"SELECT {_COLUMNS}, ended_at FROM sessions WHERE session_id = ?"
_LIST = f"INSERT INTO sessions_by_user (user_id, session_id) VALUES (?, ?) USING TIMESTAMP ? AND TTL {KEPT_SECONDS}"
_LISTED = "SELECT session_id FROM sessions_by_user WHERE user_id = ?"
_UNLIST = "DELETE FROM sessions_by_user USING TIMESTAMP ? WHERE user_id = ? AND session_id = ?"
# The timestamp is not older than the last plain write of these columns. A deletion wins over a write of the same time.
_FORGET_DEVICE = "DELETE device_name, address FROM sessions USING TIMESTAMP ? WHERE session_id = ?"
# Only the first call that ends an existing session sets `ended_at`. No plain write touches this column.
_END = (
    f"UPDATE sessions USING TTL {KEPT_SECONDS} SET ended_at = ? WHERE session_id = ?"
    " IF ended_at = null AND user_id != null"
)
_RECORD_END = f"INSERT INTO ended_sessions (hour, ended_at, session_id) VALUES (?, ?, ?) USING TTL {_ENDED_SECONDS}"
_ENDED = "SELECT session_id FROM ended_sessions WHERE hour = ? AND ended_at >= ?"

_ADD = f"INSERT INTO refresh_tokens (session_id, token_hash, live) VALUES (?, ?, true) USING TTL {KEPT_SECONDS}"
_DELETE = "DELETE FROM refresh_tokens WHERE session_id = ?"
_FIND = "SELECT spent_at, salt FROM refresh_tokens WHERE session_id = ? AND token_hash = ?"
# A conditional batch in one partition: of several concurrent rotations exactly one creates a successor, and a crash
# leaves both rows or none. Without Paxos two successors could be live, and a theft could go unnoticed.
_ROTATE = f"""
    BEGIN BATCH
    UPDATE refresh_tokens USING TTL {KEPT_SECONDS} SET live = false, spent_at = ?
        WHERE session_id = ? AND token_hash = ? IF live = true;
    UPDATE refresh_tokens USING TTL {_SALT_SECONDS} SET salt = ? WHERE session_id = ? AND token_hash = ?;
    INSERT INTO refresh_tokens (session_id, token_hash, live) VALUES (?, ?, true) USING TTL {KEPT_SECONDS};
    APPLY BATCH
"""


class CassandraRefreshTokens:
    """RefreshTokenStore and ExpiryCleanup in Cassandra, with one partition per session."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add_live(self, session_id: SessionId, token_hash: bytes) -> None:
        """Store a session's first token."""
        await self._session.execute(_ADD, (session_id, token_hash))

    async def find(self, session_id: SessionId, token_hash: bytes) -> RefreshToken | None:
        rows = await self._session.execute(_FIND, (session_id, token_hash))
        if not rows:
            return None
        spent_at = maybe_from_micros(rows[0]["spent_at"])
        return RefreshToken(token_hash=token_hash, session_id=session_id, spent_at=spent_at, salt=rows[0]["salt"])

    async def rotate(self, token: RefreshToken, *, successor_hash: bytes, salt: bytes, at: datetime) -> RefreshToken:
        key = (token.session_id, token.token_hash)
        await self._session.execute(_ROTATE, (to_micros(at), *key, salt, *key, token.session_id, successor_hash))
        return await self.find(*key) or token

    async def delete(self, session_ids: Collection[SessionId]) -> None:
        await asyncio.gather(*(self._session.execute(_DELETE, (session_id,)) for session_id in session_ids))

    async def delete_expired(self, *, salts_before: datetime, sessions_before: datetime) -> None:
        """Do nothing: every row has a time to live."""


class CassandraSessions:
    """SessionStore and SessionEndings in Cassandra."""

    def __init__(self, session: CassandraSession, *, tokens: CassandraRefreshTokens, clock: Clock) -> None:
        self._session = session
        self._tokens = tokens
        self._clock = clock

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        await self._tokens.add_live(session.session_id, token_hash)
        await self._write(session)

    async def get(self, session_id: SessionId) -> Session | None:
        rows = await self._session.execute(_READ, (session_id,))
        # If a session ends shortly before its row expires, `ended_at` can outlive the other columns.
        return _session(rows[0]) if rows and rows[0]["user_id"] else None

    async def of_user(self, user_id: UserId) -> Sequence[Session]:
        rows = await self._session.execute(_LISTED, (user_id,))
        found = await asyncio.gather(*(self.get(SessionId(row["session_id"])) for row in rows))
        live = [session for session in found if session and session.ended_at is None]
        return sorted(sorted(live, key=lambda each: each.session_id), key=lambda each: each.created_at, reverse=True)

    async def touch(self, session_id: SessionId, *, address: str, at: datetime) -> None:
        session = await self.get(session_id)
        if session is None or session.ended_at is not None:
            return
        # Write the whole row, because each cell has its own time to live.
        await self._write(replace(session, address=address, last_used_at=at))
        session = await self.get(session_id)
        if session is not None and session.ended_at is not None:
            # The session ended between the read and the write, which has restored its device. Remove the device again.
            await self._record_end(session, session.ended_at)

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        return sum(await asyncio.gather(*(self._end(session_id, at) for session_id in set(session_ids))))

    async def ended_since(self, time: datetime) -> Collection[SessionId]:
        # The clocks of other nodes may be ahead.
        last = _hour(self._clock.now() + CLOCK_SLACK)
        since = to_micros(time)
        hours = range(_hour(time), last + 1)
        pages = await asyncio.gather(*(self._session.execute(_ENDED, (hour, since)) for hour in hours))
        return [SessionId(row["session_id"]) for page in pages for row in page]

    async def _write(self, session: Session) -> None:
        """Write the user's list entry, then the session. A session that is not listed could not be found and ended."""
        used = to_micros(session.last_used_at)
        await self._session.execute(_LIST, (session.user_id, session.session_id, used))
        await self._session.execute(_WRITE, (*_values(session), used))

    async def _end(self, session_id: SessionId, at: datetime) -> bool:
        answer = await self._session.execute(_END, (to_micros(at), session_id))
        ended = bool(answer[0]["[applied]"])
        session = await self.get(session_id)
        if session is not None and session.ended_at is not None:
            # Record the end even if an earlier call ended the session: that node may have died before it did so.
            await self._record_end(session, session.ended_at)
        return ended

    async def _record_end(self, session: Session, ended_at: datetime) -> None:
        await self._session.execute(_RECORD_END, (_hour(ended_at), to_micros(ended_at), session.session_id))
        written = to_micros(max(ended_at, session.last_used_at))
        await self._session.execute(_FORGET_DEVICE, (written, session.session_id))
        # Remove the list entry last. If the node dies before, the entry stays, and `of_user` skips the ended session.
        await self._session.execute(_UNLIST, (written, session.user_id, session.session_id))


def _hour(time: datetime) -> int:
    return to_micros(time) // (_HOUR // timedelta(microseconds=1))


def _values(session: Session) -> tuple[object, ...]:
    return (
        session.session_id,
        session.user_id,
        session.device_name,
        session.address,
        to_micros(session.created_at),
        to_micros(session.last_used_at),
    )


def _session(row: Row) -> Session:
    return Session(
        session_id=SessionId(row["session_id"]),
        user_id=UserId(row["user_id"]),
        device_name=row["device_name"] or "",
        address=row["address"] or "",
        created_at=from_micros(row["created_at"]),
        last_used_at=from_micros(row["last_used_at"]),
        ended_at=maybe_from_micros(row["ended_at"]),
    )
