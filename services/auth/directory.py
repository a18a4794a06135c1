"""Pages of people by username: what ListUsers and SearchUsers share."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.ids import UserId
from services.auth.model import Account
from services.auth.names import fold
from services.auth.ports import UserDirectory


@dataclass(frozen=True, slots=True)
class UserPage:
    """People by folded username, and the one after which the next page begins, or "" at the end."""

    accounts: Sequence[Account]
    next_after: str


async def read_page(directory: UserDirectory, *, without: UserId, prefix: str, after: str, size: int) -> UserPage:
    """Up to `size` people but one."""
    # One more in case the caller is among them, and one more to see whether there is a next page.
    found = await directory.page(prefix=prefix, after=after, limit=size + 2)
    return cut_page([account for account in found if account.user_id != without], size=size)


def cut_page(accounts: Sequence[Account], *, size: int) -> UserPage:
    """The first `size` of people who are in order."""
    page = accounts[:size]
    return UserPage(page, fold(page[-1].username) if len(accounts) > size else "")
