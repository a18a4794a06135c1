"""Sessions and their refresh tokens in SQLite."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.ids import SessionId, UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, maybe_from_micros, to_micros
from services.auth.model import RefreshToken, Session

_ADD_LIVE = "INSERT INTO refresh_tokens (session_id, token_hash) VALUES (?, ?)"


class SqliteSessions:
    """SessionStore and SessionEndings in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", _row_of(session))
            connection.execute(_ADD_LIVE, (session.session_id, token_hash))

        await self._database.write(job)

    async def get(self, session_id: SessionId) -> Session | None:
        query = "SELECT * FROM sessions WHERE session_id = ?"
        row = await self._database.read(lambda connection: connection.execute(query, (session_id,)).fetchone())
        return _session(row) if row else None

    async def of_user(self, user_id: UserId) -> Sequence[Session]:
        query = "SELECT * FROM sessions WHERE user_id = ? AND ended_at IS NULL ORDER BY created_at DESC, session_id"
        rows = await self._database.read(lambda connection: connection.execute(query, (user_id,)).fetchall())
        return [_session(row) for row in rows]

    async def touch(self, session_id: SessionId, *, address: str, at: datetime) -> None:
        query = "UPDATE sessions SET last_used_at = ?, address = ? WHERE session_id = ? AND ended_at IS NULL"
        await self._database.write(lambda connection: connection.execute(query, (to_micros(at), address, session_id)))

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        query = (
            "UPDATE sessions SET ended_at = ?, device_name = '', address = '' WHERE session_id = ? AND ended_at IS NULL"
        )
        ended_at = to_micros(at)

        def job(connection: sqlite3.Connection) -> int:
            return sum(connection.execute(query, (ended_at, session_id)).rowcount for session_id in session_ids)

        return await self._database.write(job)

    async def end_all(self, *, at: datetime) -> int:
        """End every session, and delete all refresh tokens and signing keys. Return the number of ended sessions."""
        end = "UPDATE sessions SET ended_at = ?, device_name = '', address = '' WHERE ended_at IS NULL"
        ended_at = to_micros(at)

        def job(connection: sqlite3.Connection) -> int:
            connection.execute("DELETE FROM refresh_tokens")
            connection.execute("DELETE FROM signing_keys")
            return connection.execute(end, (ended_at,)).rowcount

        return await self._database.write(job)

    async def ended_since(self, time: datetime) -> Collection[SessionId]:
        query = "SELECT session_id FROM sessions WHERE ended_at >= ?"
        since = (to_micros(time),)
        rows = await self._database.read(lambda connection: connection.execute(query, since).fetchall())
        return [SessionId(row["session_id"]) for row in rows]


class SqliteRefreshTokens:
    """RefreshTokenStore and ExpiryCleanup in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def find(self, session_id: SessionId, token_hash: bytes) -> RefreshToken | None:
        return await self._database.read(lambda connection: _find(connection, session_id, token_hash))

    async def rotate(self, token: RefreshToken, *, successor_hash: bytes, salt: bytes, at: datetime) -> RefreshToken:
        spend = (
            "UPDATE refresh_tokens SET spent_at = ?, salt = ?"
            " WHERE session_id = ? AND token_hash = ? AND spent_at IS NULL"
        )

        def job(connection: sqlite3.Connection) -> RefreshToken:
            key = (token.session_id, token.token_hash)
            if connection.execute(spend, (to_micros(at), salt, *key)).rowcount:
                connection.execute(_ADD_LIVE, (token.session_id, successor_hash))
            return _find(connection, *key) or token

        return await self._database.write(job)

    async def delete(self, session_ids: Collection[SessionId]) -> None:
        rows = [(session_id,) for session_id in session_ids]
        query = "DELETE FROM refresh_tokens WHERE session_id = ?"
        await self._database.write(lambda connection: connection.executemany(query, rows))

    async def delete_expired(self, *, salts_before: datetime, sessions_before: datetime) -> None:
        salts, sessions = (to_micros(salts_before),), (to_micros(sessions_before),)

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE refresh_tokens SET salt = NULL WHERE salt IS NOT NULL AND spent_at < ?", salts)
            connection.execute("DELETE FROM refresh_tokens WHERE spent_at < ?", sessions)
            connection.execute("DELETE FROM sessions WHERE last_used_at < ?", sessions)

        await self._database.write(job)


def _find(connection: sqlite3.Connection, session_id: SessionId, token_hash: bytes) -> RefreshToken | None:
    query = "SELECT * FROM refresh_tokens WHERE session_id = ? AND token_hash = ?"
    row = connection.execute(query, (session_id, token_hash)).fetchone()
    if row is None:
        return None
    spent_at = maybe_from_micros(row["spent_at"])
    return RefreshToken(token_hash=token_hash, session_id=session_id, spent_at=spent_at, salt=row["salt"])


def _row_of(session: Session) -> tuple[str | int | None, ...]:
    return (
        session.session_id,
        session.user_id,
        session.device_name,
        session.address,
        to_micros(session.created_at),
        to_micros(session.last_used_at),
        to_micros(session.ended_at) if session.ended_at else None,
    )


def _session(row: sqlite3.Row) -> Session:
    return Session(
        session_id=SessionId(row["session_id"]),
        user_id=UserId(row["user_id"]),
        device_name=row["device_name"],
        address=row["address"],
        created_at=from_micros(row["created_at"]),
        last_used_at=from_micros(row["last_used_at"]),
        ended_at=maybe_from_micros(row["ended_at"]),
    )
