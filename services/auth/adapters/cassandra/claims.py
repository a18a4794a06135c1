"""Claims to e-mail addresses and usernames in Cassandra. The account's row decides whether a claim is valid."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from kernel.time import Clock, maybe_from_micros, to_micros

HELD_FOR = timedelta(minutes=1)
"""How long an unconfirmed claim is valid; its node may have died before it wrote the account."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim to an address or a name. `held_until` None: confirmed."""

    folded: str
    user_id: UserId
    claim_id: UUID
    held_until: datetime | None


class CassandraClaims:
    """A table of claims. Of several concurrent claims to one text exactly one succeeds (`IF`, Paxos)."""

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
        """Claim a free text, or replace an invalid claim; return None if another claim came first."""
        until = self._clock.now() + HELD_FOR
        claim = Claim(folded, user_id, uuid4(), until)
        if replacing is None:
            taken = await self._apply(self._insert, folded, user_id, claim.claim_id, to_micros(until))
        else:
            new = (user_id, claim.claim_id, to_micros(until))
            taken = await self._apply(self._replace, *new, folded, replacing.claim_id)
        return claim if taken else None

    async def confirm(self, claim: Claim) -> bool:
        """Make a claim permanent; return False if it expired and another user has taken the text."""
        return await self._apply(self._confirm, claim.folded, claim.user_id)

    async def release(self, claim: Claim) -> None:
        """Delete a claim, unless another one has replaced it."""
        await self._apply(self._release, claim.folded, claim.claim_id)

    def is_held(self, claim: Claim) -> bool:
        """Return whether the account of an unconfirmed claim may still be written."""
        return claim.held_until is not None and self._clock.now() < claim.held_until

    async def _apply(self, cql: str, *params: object) -> bool:
        rows = await self._session.execute(cql, params)
        return bool(rows[0]["[applied]"])


def _claim(folded: str, row: Row) -> Claim:
    return Claim(folded, UserId(row["user_id"]), row["claim_id"], maybe_from_micros(row["held_until"]))
