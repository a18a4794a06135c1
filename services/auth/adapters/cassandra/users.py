"""Accounts in Cassandra: a row by id, and one claim each to the e-mail address and the username.

The account's row is authoritative. A claim is written before the row. A rename releases the old claim after the row has
changed; a deletion releases both claims before the row changes. If a node dies in between, a claim can stay that does
not match the row. It is invalid after HELD_FOR at the latest. The next request for the same address or name replaces
it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from kernel.cassandra.session import CassandraSession
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.ids import UserId
from kernel.time import Clock
from services.auth.adapters.cassandra.claims import CassandraClaims, Claim
from services.auth.adapters.cassandra.name_index import CassandraNameIndex, Entry
from services.auth.adapters.cassandra.user_rows import CassandraUserRows, UserRow
from services.auth.errors import AuthReason, email_taken, username_taken
from services.auth.model import Account, ProfileChange
from services.auth.names import fold

ClaimedText = Callable[[Account], str]
"""Returns the folded address or the folded name of an account."""

_ATTEMPTS = 10


class CassandraUsers:
    """AccountStore and AccountChanges in Cassandra."""

    def __init__(
        self, session: CassandraSession, *, rows: CassandraUserRows, index: CassandraNameIndex, clock: Clock
    ) -> None:
        self._rows = rows
        self._index = index
        self._emails = CassandraClaims(session, table="email_claims", clock=clock)
        self._names = CassandraClaims(session, table="username_claims", clock=clock)

    async def add(self, account: Account) -> None:
        email = await self._claim_email(account.email, account.user_id)
        try:
            name = await self._claim_name(account.username, account.user_id)
        except ChatlyError as error:
            if error.reason == AuthReason.USERNAME_TAKEN:
                await self._emails.release(email)
            raise
        await self._index.add(Entry(name.folded, account.user_id), revision=1)
        await self._rows.add(account)
        await self._confirm_new(account, email, name)

    async def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, Account]:
        return await self._rows.find_many(user_ids)

    async def find_by_email(self, folded_email: str) -> Account | None:
        claim = await self._emails.find(folded_email)
        row = await self._rows.find(claim.user_id) if claim else None
        return row.account if row and _email(row.account) == folded_email else None

    async def change_profile(self, user_id: UserId, change: ProfileChange, *, at: datetime) -> Account | None:
        for _ in range(_ATTEMPTS):
            row = await self._active(user_id)
            if row is None:
                return None
            account = _changed(row.account, change, at)
            renamed = _name(account) != _name(row.account)
            after = await (self._rename(row, account) if renamed else self._rows.replace(row, account))
            if after is not None:
                return after.account
        raise _contended()

    async def set_password(self, user_id: UserId, *, old_hash: bytes, new_hash: bytes) -> Account | None:
        for _ in range(_ATTEMPTS):
            row = await self._active(user_id)
            if row is None or row.account.password_hash != old_hash:
                return None
            after = await self._rows.replace(row, replace(row.account, password_hash=new_hash))
            if after is not None:
                return after.account
        raise _contended()

    async def delete(self, user_id: UserId, *, at: datetime) -> Account | None:
        for _ in range(_ATTEMPTS):
            row = await self._active(user_id)
            if row is None:
                return None
            # Release both before the tombstone is written. A tombstone has neither address nor name, so a deletion that
            # is repeated after a crash could not find the claims.
            email, name = await self._emails.find(_email(row.account)), await self._names.find(_name(row.account))
            await self._release_name(row, revision=row.revision + 1, name=name)
            await _release(self._emails, email, user_id)
            after = await self._rows.replace(row, _tombstone(row.account, at))
            if after is not None:
                return after.account
        raise _contended()

    async def _active(self, user_id: UserId) -> UserRow | None:
        row = await self._rows.find(user_id)
        return row if row and row.account.deleted_at is None else None

    async def _claim_email(self, email: str, user_id: UserId) -> Claim:
        claim = await self._claim(self._emails, fold(email), user_id, _email)
        if claim is None:
            raise email_taken()
        return claim

    async def _claim_name(self, username: str, user_id: UserId) -> Claim:
        claim = await self._claim(self._names, fold(username), user_id, _name)
        if claim is None:
            raise username_taken()
        return claim

    async def _claim(self, claims: CassandraClaims, folded: str, user_id: UserId, claimed: ClaimedText) -> Claim | None:
        """Return a new claim, or None if another account has the address or name, or is about to take it."""
        for _ in range(_ATTEMPTS):
            before = await claims.find(folded)
            if before and before.user_id != user_id and await self._is_valid(claims, before, claimed):
                return None
            if taken := await claims.take(folded, user_id, replacing=before):
                return taken
        return None

    async def _is_valid(self, claims: CassandraClaims, claim: Claim, claimed: ClaimedText) -> bool:
        if claims.is_held(claim):
            return True
        row = await self._rows.find(claim.user_id)
        return row is not None and claimed(row.account) == claim.folded

    async def _confirm_new(self, account: Account, email: Claim, name: Claim) -> None:
        """Confirm both claims. If another user has replaced an expired claim, delete the new account and raise."""
        for claims, claim, error in ((self._emails, email, email_taken()), (self._names, name, username_taken())):
            if not await claims.confirm(claim):
                await self.delete(account.user_id, at=account.created_at)
                raise error

    async def _rename(self, row: UserRow, account: Account) -> UserRow | None:
        """Store the account under its new name. Return the new row, or None if the row has changed since it was read.

        If the result is None, the user still has the claim to the new name, and the next attempt replaces the claim.
        """
        claim = await self._claim_name(account.username, account.user_id)
        before = await self._names.find(_name(row.account))
        await self._index.add(Entry(claim.folded, account.user_id), revision=row.revision + 1)
        after = await self._rows.replace(row, account)
        if after is None:
            return None
        if not await self._names.confirm(claim):
            await self._restore_name(claim, former=row.account.username)
        await self._release_name(row, revision=after.revision, name=before)
        return after

    async def _restore_name(self, claim: Claim, *, former: str) -> None:
        """Restore the former name after another user has replaced the expired claim, and raise USERNAME_TAKEN.

        Do nothing if the user has given up the new name since.
        """
        for _ in range(_ATTEMPTS):
            row = await self._active(claim.user_id)
            if row is None or _name(row.account) != claim.folded:
                return
            await self._claim_name(former, claim.user_id)
            if await self._rows.replace(row, replace(row.account, username=former)):
                raise username_taken()
        raise _contended()

    async def _release_name(self, row: UserRow, *, revision: int, name: Claim | None) -> None:
        """Release the name in `row`, which the account gives up with `revision`, and remove it from the index."""
        user_id = row.account.user_id
        await self._index.remove(Entry(_name(row.account), user_id), revision=revision)
        await _release(self._names, name, user_id)


async def _release(claims: CassandraClaims, claim: Claim | None, user_id: UserId) -> None:
    if claim and claim.user_id == user_id:
        await claims.release(claim)


def _email(account: Account) -> str:
    return fold(account.email)


def _name(account: Account) -> str:
    return fold(account.username)


def _changed(account: Account, change: ProfileChange, at: datetime) -> Account:
    return replace(
        account,
        username=account.username if change.username is None else change.username,
        bio=account.bio if change.bio is None else change.bio,
        avatar_media_id=account.avatar_media_id if change.avatar_media_id is None else change.avatar_media_id,
        updated_at=at,
    )


def _tombstone(account: Account, at: datetime) -> Account:
    return replace(
        account, username="", email="", password_hash=b"", bio="", avatar_media_id="", updated_at=at, deleted_at=at
    )


def _contended() -> ChatlyError:
    return unavailable(KernelReason.STORE_UNAVAILABLE, "account: too many concurrent changes, please retry")
