"""Contact lists, remembered for a while. The truth is messaging's."""

import asyncio
from dataclasses import dataclass

from kernel.cache import BoundedCache
from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.presence.ports import ContactSource

# Far more than one node has streams: a list that is looked at every second must not be pushed out by others.
_REMEMBERED = 200_000
_RETRY_SECONDS = 2.0


@dataclass(slots=True)
class _Entry:
    visible: frozenset[UserId]
    """Shared by all streams of the user: lists may be long."""
    asked_at: float = float("-inf")
    retry_at: float = float("-inf")
    """After a failure: not to be asked before."""
    outdated: int = 0
    """How often it was said to be outdated; tells whether that happened while an answer was on its way."""


class ContactBook:
    """Who may see whom: everybody who shares a chat, and oneself."""

    def __init__(self, *, source: ContactSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._log = logger("presence")
        self._entries: BoundedCache[UserId, _Entry] = BoundedCache(capacity=_REMEMBERED)
        self._outdated = asyncio.Event()

    async def visible_to(self, user_id: UserId, *, max_age: float) -> frozenset[UserId]:
        """Whom the user may see, asked at most `max_age` s ago.

        While the source is away: what is remembered, else only the user; it is asked again after 2 s.
        """
        entry = self._entry(user_id)
        if self._due(entry, max_age):
            await self._ask(user_id, entry)
        return entry.visible

    def due(self, user_id: UserId, *, max_age: float) -> bool:
        """Whether `visible_to` would ask the source."""
        return self._due(self._entry(user_id), max_age)

    def outdate(self, user_id: UserId) -> None:
        """What is remembered of this user is no longer right."""
        entry = self._entry(user_id)
        entry.outdated += 1
        entry.asked_at = float("-inf")
        self._outdated.set()

    async def wait_outdated(self, seconds: float) -> None:
        """Wait until something was said to be outdated since the last call, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._outdated.wait()
        except TimeoutError:
            return
        self._outdated.clear()

    def _due(self, entry: _Entry, max_age: float) -> bool:
        now = self._clock.monotonic()
        return now >= entry.retry_at and now - entry.asked_at >= max_age

    async def _ask(self, user_id: UserId, entry: _Entry) -> None:
        outdated, asked_at = entry.outdated, self._clock.monotonic()
        try:
            entry.visible = await self._source.contacts(user_id) | {user_id}
        except ChatlyError as error:
            self._log.warning("contacts cannot be asked for now", user_id=user_id, error=str(error))
            entry.retry_at = self._clock.monotonic() + _RETRY_SECONDS
            return
        if outdated == entry.outdated:
            entry.asked_at = asked_at

    def _entry(self, user_id: UserId) -> _Entry:
        entry = self._entries.get(user_id)
        if entry is None:
            entry = _Entry(frozenset({user_id}))
            self._entries.put(user_id, entry)
        return entry
