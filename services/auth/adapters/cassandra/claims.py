"""Claims in Cassandra. A claim reserves an e-mail address or a username for one user.

An unconfirmed claim is valid until it expires. An expired or confirmed claim is valid only while the row of the user's
account has the address or name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from kernel.time import Clock, maybe_from_micros, to_micros

HELD_FOR = timedelta(minutes=1)
"""Lifetime of an unconfirmed claim. It is limited because the claiming node may die before it writes the account."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim to a folded address or name. A confirmed claim has no `held_until`."""

    folded: str
    user_id: UserId
    claim_id: UUID
    held_until: datetime | None


class CassandraClaims:
    """One table of claims, either to addresses or to names.

    All writes are conditional (`IF`, Paxos). Of several concurrent claims to one address or name, exactly one succeeds.
    """

    def __init__(self, session: CassandraSession, *, table: str, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._read = f"SELECT user_id, claim_id, held_until FROM {table} WHERE folded = ?"
        self._insert = f"INSERT INTO {table} (folded, user_id, claim_id, held_until) VALUES (?, ?, ?, ?) IF NOT EXISTS"
        self._replace = f"UPDATE {table} SET user_id = ?, claim_id = ?, held_until = ? WHERE folded = ? IF claim_id = ?"
        self._confirm = f"UPDATE {table} SET held_until = null WHERE folded = ? IF user_id = ?"
        self._release = f"DELETE FROM {table} WHERE folded = ? IF claim_id = ?"

    async def find(self, folded: str) -> Claim | None:
        """Return the claim to an address or a name, or None."""
        rows = await self._session.execute(self._read, (folded,))
        return _claim(folded, rows[0]) if rows else None

    async def take(self, folded: str, user_id: UserId, *, replacing: Claim | None) -> Claim | None:
        """Claim an address or a name without a claim, or replace an invalid claim.

        Return None if another claim came first.
        """
        until = self._clock.now() + HELD_FOR
        claim = Claim(folded, user_id, uuid4(), until)
        if replacing is None:
            taken = await self._apply(self._insert, folded, user_id, claim.claim_id, to_micros(until))
        else:
            new = (user_id, claim.claim_id, to_micros(until))
            taken = await self._apply(self._replace, *new, folded, replacing.claim_id)
        return claim if taken else None

    async def confirm(self, claim: Claim) -> bool:
        """Make a claim permanent. Return False if it has expired and another user has replaced it."""
        return await self._apply(self._confirm, claim.folded, claim.user_id)

    async def release(self, claim: Claim) -> None:
        """Delete a claim, unless another claim has replaced it."""
        await self._apply(self._release, claim.folded, claim.claim_id)

    def is_held(self, claim: Claim) -> bool:
        """Return whether a claim is neither confirmed nor expired. Its account may then still be written."""
        return claim.held_until is not None and self._clock.now() < claim.held_until

    async def _apply(self, cql: str, *params: object) -> bool:
        rows = await self._session.execute(cql, params)
        return bool(rows[0]["[applied]"])


def _claim(folded: str, row: Row) -> Claim:
    return Claim(folded, UserId(row["user_id"]), row["claim_id"], maybe_from_micros(row["held_until"]))
