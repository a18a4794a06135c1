"""Profiles of users: reading, listing, searching and updating."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.errors import session_ended, user_not_found
from services.auth.model import Account, ProfileChange
from services.auth.names import check_new_username, check_username, fold
from services.auth.ports import AccountChanges, AccountStore, Avatars, UserDirectory


@dataclass(frozen=True, slots=True)
class UserPage:
    """A page of users, sorted by folded username. `next_after` is the `after` of the next page; "" on the last page."""

    accounts: Sequence[Account]
    next_after: str


class Profiles:
    def __init__(
        self,
        *,
        accounts: AccountStore,
        changes: AccountChanges,
        directory: UserDirectory,
        avatars: Avatars,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._changes = changes
        self._directory = directory
        self._avatars = avatars
        self._clock = clock

    async def get_me(self, caller: UserId) -> Account:
        """Return the caller's account. Raise `SESSION_ENDED` if it was deleted while the token is still valid."""
        account = (await self._accounts.get([caller])).get(caller)
        if account is None or account.deleted_at is not None:
            raise session_ended()
        return account

    async def get(self, user_id: UserId) -> Account:
        """Return an account. Raise `USER_NOT_FOUND` if it does not exist or is deleted."""
        account = (await self._accounts.get([user_id])).get(user_id)
        if account is None or account.deleted_at is not None:
            raise user_not_found()
        return account

    async def batch_get(self, user_ids: Collection[UserId]) -> Collection[Account]:
        """Return the accounts with these ids, including deleted accounts. Ignore unknown ids."""
        return (await self._accounts.get(user_ids)).values()

    async def list(self, caller: UserId, *, after: str, size: int) -> UserPage:
        """Return a page of all users except the caller.

        `after` is the `next_after` of the previous page, or "" for the first page.
        """
        return await self.search(caller, query="", after=after, size=size)

    async def search(self, caller: UserId, *, query: str, after: str, size: int) -> UserPage:
        """Return a page of the users whose name starts with `query`, except the caller. Ignore case."""
        # Read two more: one may be the caller, and another one shows whether there is a next page.
        found = await self._directory.page(prefix=fold(query), after=after, limit=size + 2)
        return first_page([account for account in found if account.user_id != caller], size=size)

    async def update_me(self, caller: UserId, change: ProfileChange) -> Account:
        """Update the caller's profile; an empty change is valid.

        Errors: `USERNAME_TAKEN`, `INVALID_FIELD`, `MEDIA_NOT_FOUND`, `MEDIA_FORBIDDEN`, `SERVICE_UNAVAILABLE`.
        """
        if change.username is not None:
            await self._check_username(caller, change.username)
        if change.avatar_media_id:
            await self._avatars.check(change.avatar_media_id, owner=caller)
        account = await self._changes.change_profile(caller, change, at=self._clock.now())
        if account is None:
            raise session_ended()
        return account

    async def _check_username(self, caller: UserId, username: str) -> None:
        check_username(username)
        # Users who had a name before it was reserved keep it.
        if fold(username) != fold((await self.get_me(caller)).username):
            check_new_username(username)


def first_page(accounts: Sequence[Account], *, size: int) -> UserPage:
    """Return the first `size` of these sorted accounts as a page."""
    page = accounts[:size]
    return UserPage(page, fold(page[-1].username) if len(accounts) > size else "")
