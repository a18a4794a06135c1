"""Signing keys in Cassandra: one small partition. Private keys lie there as they are: guard the keyspace."""

from collections.abc import Sequence

from kernel.cassandra.session import CassandraSession
from kernel.time import from_micros, to_micros
from services.auth.model import SigningKey

_RING = "access tokens"
_ALL = "SELECT number, kid, seed, signs_from FROM signing_keys WHERE ring = ?"
_ADD = "INSERT INTO signing_keys (ring, number, kid, seed, signs_from) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS"
# Conditional as the insert is: plain writes do not mix with those.
_REMOVE = "DELETE FROM signing_keys WHERE ring = ? AND number = ? IF EXISTS"


class CassandraKeys:
    """KeyStore."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def all(self) -> Sequence[SigningKey]:
        rows = await self._session.execute(_ALL, (_RING,))
        return [
            SigningKey(
                number=row["number"], kid=row["kid"], seed=row["seed"], signs_from=from_micros(row["signs_from"])
            )
            for row in rows
        ]

    async def add(self, key: SigningKey) -> bool:
        row = (_RING, key.number, key.kid, key.seed, to_micros(key.signs_from))
        return bool((await self._session.execute(_ADD, row))[0]["[applied]"])

    async def remove(self, number: int) -> None:
        await self._session.execute(_REMOVE, (_RING, number))
