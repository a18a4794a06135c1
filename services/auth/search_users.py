"""People whose username begins with some letters."""

from kernel.ids import UserId
from services.auth.directory import UserPage, read_page
from services.auth.names import fold
from services.auth.ports import UserDirectory


class SearchUsers:
    """Pages of people by username, all but the caller, regardless of case."""

    def __init__(self, *, directory: UserDirectory) -> None:
        self._directory = directory

    async def __call__(self, caller: UserId, *, query: str, after: str, size: int) -> UserPage:
        """`after`: the folded username that the last page ended with, or "" for the first page."""
        return await read_page(self._directory, without=caller, prefix=fold(query), after=after, size=size)
