"""Refresh tokens in Cassandra: one partition for each session. What has run out expires by itself."""

from datetime import datetime, timedelta

from kernel.cassandra.session import CassandraSession
from kernel.ids import SessionId
from kernel.time import maybe_from_micros, to_micros
from services.auth.model import REFRESH_GRACE, SESSION_IDLE, RefreshToken

KEPT_SECONDS = int((SESSION_IDLE + timedelta(days=1)).total_seconds())
"""Rows of sessions outlive their last use for so long: nobody can refresh them any more."""
# Twice the grace, so that a rotation read just before its end can still be followed.
_SALT_SECONDS = int((2 * REFRESH_GRACE).total_seconds())

_ADD = f"INSERT INTO refresh_tokens (session_id, token_hash, live) VALUES (?, ?, true) USING TTL {KEPT_SECONDS}"
_FIND = "SELECT spent_at, salt FROM refresh_tokens WHERE session_id = ? AND token_hash = ?"
# One conditional batch of one partition: of several nodes that rotate a token at once exactly one makes a successor,
# and a crash leaves both halves or none. Without Paxos two successors would be live, and a theft would go unnoticed.
_ROTATE = f"""
    BEGIN BATCH
    UPDATE refresh_tokens USING TTL {KEPT_SECONDS} SET live = false, spent_at = ?
        WHERE session_id = ? AND token_hash = ? IF live = true;
    UPDATE refresh_tokens USING TTL {_SALT_SECONDS} SET salt = ? WHERE session_id = ? AND token_hash = ?;
    INSERT INTO refresh_tokens (session_id, token_hash, live) VALUES (?, ?, true) USING TTL {KEPT_SECONDS};
    APPLY BATCH
"""


class CassandraRefreshTokens:
    """RefreshTokenStore and Forgetting."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add_live(self, session_id: SessionId, token_hash: bytes) -> None:
        """A session's first token."""
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

    async def forget(self, *, salts_before: datetime, sessions_before: datetime) -> None:
        """Nothing to do: every row was written with its time to live."""
