"""Whom the caller blocks."""

from kernel.ids import UserId
from services.auth.directory import UserPage, cut_page
from services.auth.names import fold
from services.auth.ports import AccountStore, BlockStore


class ListBlockedUsers:
    """Pages of blocked people by username; those who deleted their account are left out.

    Blocks are kept by blocker alone, and people block few: the whole list is read and ordered here.
    """

    def __init__(self, *, accounts: AccountStore, blocks: BlockStore) -> None:
        self._accounts = accounts
        self._blocks = blocks

    async def __call__(self, blocker: UserId, *, after: str, size: int) -> UserPage:
        """`after`: the folded username that the last page ended with, or "" for the first page."""
        blocked = (await self._blocks.of([blocker])).get(blocker, ())
        accounts = (await self._accounts.get(blocked)).values()
        by_name = {fold(account.username): account for account in accounts if account.deleted_at is None}
        return cut_page([by_name[name] for name in sorted(by_name) if name > after], size=size)
