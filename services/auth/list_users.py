"""Everybody but the caller."""

from kernel.ids import UserId
from services.auth.directory import UserPage, read_page
from services.auth.ports import UserDirectory


class ListUsers:
    """Pages of people by username."""

    def __init__(self, *, directory: UserDirectory) -> None:
        self._directory = directory

    async def __call__(self, caller: UserId, *, after: str, size: int) -> UserPage:
        """`after`: the folded username that the last page ended with, or "" for the first page."""
        return await read_page(self._directory, without=caller, prefix="", after=after, size=size)
