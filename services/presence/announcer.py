"""Tells all nodes of changed states. Who of their readers may hear it is the hub's business."""

import asyncio
from collections.abc import Iterable, Mapping

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from services.presence.lookup import PresenceLookup
from services.presence.model import Presence, StateChanged
from services.presence.ports import NewsSender, Reach

_BACKOFF = Backoff(first=0.5, longest=0.5)


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
            await retry(self._announce_waiting, report=self._report, backoff=_BACKOFF, is_temporary=_is_chatly_error)

    async def _announce_waiting(self) -> None:
        self._asked.clear()
        users, self._waiting = self._waiting, set()
        try:
            await self.announce(users)
        except ChatlyError:
            self._waiting |= users
            raise

    def _report(self, error: Exception) -> None:
        self._log.warning("presence cannot be announced now", users=len(self._waiting), error=str(error))


def _is_chatly_error(error: Exception) -> bool:
    return isinstance(error, ChatlyError)
