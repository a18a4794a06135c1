"""Hot tail that falls back to the memory of this process while Redis is unavailable."""

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from history.chat_id import ChatId
from history.model import LogEvent
from history.ports import EventReader, HotTail, TailReader
from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.retry import suppress_unavailable
from kernel.time import Clock

T = TypeVar("T")
Events = Sequence[LogEvent]

_CHECK_SECONDS = 1.0
_MERGE_SECONDS = 10.0
"""Time for which reads merge both tails after an event came from the log.

The node that appended the event may not have added it to the shared tail yet.
"""


class FallbackHotTail:
    """HotTail over the shared tail, with a tail of this process as fallback.

    The tail of this process has the events that were sent through this node, and events that the node read from the log
    because the live bus was down or the shared tail was unreachable.

    The shared tail may lack events after an outage, so it counts as complete only after a refill. The refill ends where
    the log ended when the refill began, so events added meanwhile go to both tails. Until the refill is complete, reads
    merge both tails.
    """

    def __init__(
        self,
        *,
        shared: HotTail,
        own: HotTail,
        refill: Callable[[], Awaitable[None]],
        read_again: Callable[[LogPosition], Awaitable[LogEvent | None]],
        events: EventReader,
        clock: Clock,
    ) -> None:
        """`refill` adds to the shared tail the events that the log has and the store lacks.

        `read_again` returns the event at a position in the log, with its ordinal of the newest epoch.
        `events` returns the offsets up to which the store has everything.
        """
        self._shared = shared
        self._own = own
        self._refill = refill
        self._read_again = read_again
        self._events = events
        self._clock = clock
        self._unavailable = False
        self._refilling = False
        self._missed = False
        self._floors: Mapping[int, int] = {}
        self._check_at = self._merge_until = clock.monotonic()

    @property
    def unavailable(self) -> bool:
        """True while the shared tail is unreachable or incomplete."""
        return self._unavailable

    async def check(self) -> None:
        """If the shared tail was unavailable and is reachable again, refill it and use it.

        The shared tail is checked at most once a second.
        """
        await self._usable()

    async def add_from_log(self, event: LogEvent) -> None:
        """Keep an event in the tail of this process only.

        The node that appended the event may be unable to add it to the shared tail, so reads merge both tails for a
        while.
        """
        self._merge_until = self._clock.monotonic() + _MERGE_SECONDS
        await self._own.add(event)

    async def add(self, event: LogEvent) -> bool:
        await self._own.add(event)
        if self._refilling or await self._usable():
            with suppress_unavailable():
                added = await self._shared.add(event)
                if not added and (renewed := await self._read_again(event.position)):
                    await self._shared.add(renewed)
                return True
            self._unavailable = self._missed = True
        return True

    async def refuse(self, floors: Mapping[int, int]) -> None:
        self._floors = floors
        with suppress_unavailable():
            return await self._shared.refuse(floors)
        self._unavailable = True
        return None

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        return await self._read(lambda tail: tail.events(chat_ids), _all_events)

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        return await self._read(lambda tail: tail.chats_of(user_id), lambda one, other: {*one, *other})

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> LogEvent | None:
        return await self._read(lambda tail: tail.sent(sender_id, client_message_id), _first)

    async def trim(self, stored: Mapping[int, int]) -> None:
        await self._own.trim(stored)
        with suppress_unavailable():
            return await self._shared.trim(stored)
        self._unavailable = True
        return None

    async def _read(self, query: Callable[[TailReader], Awaitable[T]], merge: Callable[[T, T], T]) -> T:
        if await self._usable():
            with suppress_unavailable():
                found = await query(self._shared)
                if self._clock.monotonic() >= self._merge_until:
                    return found
                return merge(await query(self._own), found)
            self._unavailable = True
        own = await query(self._own)
        # This returns or fails at once, because only `_recover` waits for an unreachable tail.
        with suppress_unavailable():
            return merge(own, await query(self._shared))
        return own

    async def _usable(self) -> bool:
        """Return whether the shared tail is reachable and complete.

        Try to recover an unavailable tail at most once a second.
        """
        if self._unavailable and self._clock.monotonic() >= self._check_at:
            self._check_at = math.inf
            try:
                with suppress(ChatlyError):
                    await self._recover()
            finally:
                self._refilling = False
                self._check_at = self._clock.monotonic() + _CHECK_SECONDS
        return not self._unavailable

    async def _recover(self) -> None:
        stored = await self._events.stored()
        # Trim here, because no watermark arrives if the bus is down too.
        await self._own.trim(stored)
        # This is the first step that needs the shared tail. `_refilling` is set only after it, so that no `add` waits
        # for an unreachable tail.
        await self._shared.trim(stored)
        self._refilling, self._missed = True, False
        await self._shared.refuse(self._floors)
        await self._refill()
        self._unavailable = self._missed


def _all_events(one: Mapping[ChatId, Events], other: Mapping[ChatId, Events]) -> Mapping[ChatId, Events]:
    found: dict[ChatId, dict[LogPosition, LogEvent]] = {}
    for chat_id, events in (*one.items(), *other.items()):
        found.setdefault(chat_id, {}).update((item.position, item) for item in events)
    return {chat_id: sorted(events.values(), key=_offset) for chat_id, events in found.items()}


def _first(one: LogEvent | None, other: LogEvent | None) -> LogEvent | None:
    return min(filter(None, (one, other)), key=_offset, default=None)


def _offset(item: LogEvent) -> int:
    return item.position.offset
