"""Tells all nodes of changed states. Who of their readers may hear it is the hub's business."""

import asyncio
from collections.abc import Iterable, Mapping

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.telemetry.logs import logger
from services.presence.lookup import PresenceLookup
from services.presence.model import Presence, StateChanged
from services.presence.ports import NewsSender, Reach

_RETRY_SECONDS = 0.5


class Announcer:
    """Announces at once, or in the background for as long as it takes."""

    def __init__(self, *, reach: Reach, lookup: PresenceLookup, sender: NewsSender) -> None:
        self._reach = reach
        self._lookup = lookup
        self._sender = sender
        self._log = logger("presence")
        self._waiting: set[UserId] = set()
        self._asked = asyncio.Event()

    async def announce(self, user_ids: Iterable[UserId]) -> Mapping[UserId, Presence]:
        """Give these users a new version, tell everybody their states, and return them."""
        users = list(user_ids)
        await self._reach.bump(users)
        presences = await self._lookup.read(users)
        await self._sender.publish([StateChanged(presence) for presence in presences.values()])
        return presences

    def soon(self, user_ids: Iterable[UserId]) -> None:
        """Have these users announced by `run`, each with the state they have then."""
        self._waiting.update(user_ids)
        if self._waiting:
            self._asked.set()

    async def run(self) -> None:
        """Announce what was asked for, again and again while the store is away."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            users, self._waiting = self._waiting, set()
            try:
                await self.announce(users)
            except ChatlyError as error:
                self._log.warning("presence cannot be announced now", users=len(users), error=str(error))
                self.soon(users)
                await asyncio.sleep(_RETRY_SECONDS)
