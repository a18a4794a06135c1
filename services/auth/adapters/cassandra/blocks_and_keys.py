"""Blocks and signing keys in Cassandra. Private keys are stored unencrypted: restrict access to the keyspace."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from kernel.cassandra.session import CassandraSession, select_by_keys
from kernel.ids import UserId
from kernel.time import from_micros, to_micros
from services.auth.model import SigningKey

# Conditional writes keep blocks and unblocks in request order, independent of the nodes' clocks. They are slower than
# plain writes, but blocks and unblocks are rare.
_ADD_BLOCK = "INSERT INTO blocks (blocker_id, blocked_id, created_at) VALUES (?, ?, ?) IF NOT EXISTS"
_REMOVE_BLOCK = "DELETE FROM blocks WHERE blocker_id = ? AND blocked_id = ? IF EXISTS"
_BLOCKED_BY = "SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id IN ?"

_RING = "access tokens"
_ALL_KEYS = "SELECT number, kid, seed, signs_from FROM signing_keys WHERE ring = ?"
_ADD_KEY = "INSERT INTO signing_keys (ring, number, kid, seed, signs_from) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS"
# Conditional, because the insert is conditional: Cassandra may misorder plain and conditional writes of one row.
_REMOVE_KEY = "DELETE FROM signing_keys WHERE ring = ? AND number = ? IF EXISTS"


class CassandraBlocks:
    """BlockStore in Cassandra."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        await self._session.execute(_ADD_BLOCK, (blocker, blocked, to_micros(at)))

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        await self._session.execute(_REMOVE_BLOCK, (blocker, blocked))

    async def blocked_by(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        blocked: defaultdict[UserId, set[UserId]] = defaultdict(set)
        for row in await select_by_keys(self._session, _BLOCKED_BY, blockers):
            blocked[UserId(row["blocker_id"])].add(UserId(row["blocked_id"]))
        return dict(blocked)

    async def clear(self, blocker: UserId) -> None:
        for row in await select_by_keys(self._session, _BLOCKED_BY, [blocker]):
            await self.remove(blocker, UserId(row["blocked_id"]))


class CassandraKeys:
    """KeyStore in Cassandra."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def all(self) -> Sequence[SigningKey]:
        rows = await self._session.execute(_ALL_KEYS, (_RING,))
        return [
            SigningKey(
                number=row["number"], kid=row["kid"], seed=row["seed"], signs_from=from_micros(row["signs_from"])
            )
            for row in rows
        ]

    async def add(self, key: SigningKey) -> bool:
        row = (_RING, key.number, key.kid, key.seed, to_micros(key.signs_from))
        return bool((await self._session.execute(_ADD_KEY, row))[0]["[applied]"])

    async def remove(self, number: int) -> None:
        await self._session.execute(_REMOVE_KEY, (_RING, number))
