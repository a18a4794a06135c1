"""Sessions in Cassandra: a row by id, a list by user, and what was ended by the hour. All of it expires by itself."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import SessionId, UserId
from kernel.time import Clock, from_micros, maybe_from_micros, to_micros
from services.auth.adapters.cassandra.refresh_tokens import KEPT_SECONDS, CassandraRefreshTokens
from services.auth.model import CLOCK_SLACK, Session

_ENDED_SECONDS = int(timedelta(days=1, hours=2).total_seconds())
_HOUR = timedelta(hours=1)

_COLUMNS = "session_id, user_id, device_name, address, created_at, last_used_at"
_WRITE = f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL {KEPT_SECONDS}"
_READ = f"SELECT {_COLUMNS}, ended_at FROM sessions WHERE session_id = ?"
_LIST = f"INSERT INTO sessions_by_user (user_id, session_id) VALUES (?, ?) USING TIMESTAMP ? AND TTL {KEPT_SECONDS}"
_LISTED = "SELECT session_id FROM sessions_by_user WHERE user_id = ?"
_UNLIST = "DELETE FROM sessions_by_user USING TIMESTAMP ? WHERE user_id = ? AND session_id = ?"
# The first end counts, and only that of a session there is. No plain write touches `ended_at`.
_END = (
    f"UPDATE sessions USING TTL {KEPT_SECONDS} SET ended_at = ? WHERE session_id = ?"
    " IF ended_at = null AND user_id != null"
)
_NOTE_END = f"INSERT INTO ended_sessions (hour, ended_at, session_id) VALUES (?, ?, ?) USING TTL {_ENDED_SECONDS}"
_ENDED = "SELECT session_id FROM ended_sessions WHERE hour = ? AND ended_at >= ?"


class CassandraSessions:
    """SessionStore and SessionEndings."""

    def __init__(self, session: CassandraSession, *, tokens: CassandraRefreshTokens, clock: Clock) -> None:
        self._session = session
        self._tokens = tokens
        self._clock = clock

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        await self._tokens.add_live(session.session_id, token_hash)
        await self._write(session)

    async def get(self, session_id: SessionId) -> Session | None:
        rows = await self._session.execute(_READ, (session_id,))
        # Of a row that expired under a late end only that end may be left.
        return _session(rows[0]) if rows and rows[0]["user_id"] else None

    async def of_user(self, user_id: UserId) -> Sequence[Session]:
        rows = await self._session.execute(_LISTED, (user_id,))
        found = await asyncio.gather(*(self.get(SessionId(row["session_id"])) for row in rows))
        living = [session for session in found if session and session.ended_at is None]
        return sorted(sorted(living, key=lambda each: each.session_id), key=lambda each: each.created_at, reverse=True)

    async def touch(self, session_id: SessionId, *, address: str, at: datetime) -> None:
        session = await self.get(session_id)
        if session is not None:
            # All of it, because each cell expires by itself.
            await self._write(replace(session, address=address, last_used_at=at))

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        return sum(await asyncio.gather(*(self._end(session_id, at) for session_id in set(session_ids))))

    async def ended_since(self, moment: datetime) -> Collection[SessionId]:
        # Clocks of other nodes may be ahead.
        last = _hour(self._clock.now() + CLOCK_SLACK)
        since = to_micros(moment)
        hours = range(_hour(moment), last + 1)
        pages = await asyncio.gather(*(self._session.execute(_ENDED, (hour, since)) for hour in hours))
        return [SessionId(row["session_id"]) for page in pages for row in page]

    async def _write(self, session: Session) -> None:
        """Listed first, because a session that is in no list could not be ended."""
        used = to_micros(session.last_used_at)
        await self._session.execute(_LIST, (session.user_id, session.session_id, used))
        await self._session.execute(_WRITE, (*_values(session), used))

    async def _end(self, session_id: SessionId, at: datetime) -> bool:
        answer = await self._session.execute(_END, (to_micros(at), session_id))
        ended = bool(answer[0]["[applied]"])
        session = await self.get(session_id)
        if session is not None and session.ended_at is not None:
            # Also when it was ended before: whoever ended it may have died before this.
            await self._note_end(session, session.ended_at)
        return ended

    async def _note_end(self, session: Session, ended_at: datetime) -> None:
        await self._session.execute(_NOTE_END, (_hour(ended_at), to_micros(ended_at), session.session_id))
        unlist = (to_micros(max(ended_at, session.last_used_at)), session.user_id, session.session_id)
        await self._session.execute(_UNLIST, unlist)


def _hour(moment: datetime) -> int:
    return to_micros(moment) // (_HOUR // timedelta(microseconds=1))


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
        device_name=row["device_name"],
        address=row["address"],
        created_at=from_micros(row["created_at"]),
        last_used_at=from_micros(row["last_used_at"]),
        ended_at=maybe_from_micros(row["ended_at"]),
    )
