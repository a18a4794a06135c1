"""Keeps the contact lists of open streams right."""

import asyncio

from kernel.ids import UserId
from services.presence.contacts import ContactBook
from services.presence.hub import Hub

_LOOK_SECONDS = 1.0
_AT_ONCE = 16


class ContactRefresh:
    """Asks again for lists that are old, said to be outdated, or could not be had before."""

    def __init__(self, *, hub: Hub, book: ContactBook, max_age: float) -> None:
        """`max_age`: seconds after which a list is old."""
        self._hub = hub
        self._book = book
        self._max_age = max_age
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look every second, and at once when a list is outdated."""
        while True:
            await self._book.wait_outdated(_LOOK_SECONDS)
            await self.once()

    async def once(self) -> None:
        """Ask for all lists that are due, some at a time."""
        due = [user_id for user_id in self._hub.users() if self._book.due(user_id, max_age=self._max_age)]
        await asyncio.gather(*(self._refresh(user_id) for user_id in due))
        await self._hub.tidy()

    async def _refresh(self, user_id: UserId) -> None:
        async with self._turns:
            contacts = await self._book.visible_to(user_id, max_age=self._max_age)
            await self._hub.set_contacts(user_id, contacts)
