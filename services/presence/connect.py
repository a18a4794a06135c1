"""Use case: being online with one device, and hearing of contacts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from kernel.errors import ChatlyError
from kernel.ids import HybridClock, UserId
from services.presence.announcer import Announcer
from services.presence.contacts import ContactBook
from services.presence.hub import Hub
from services.presence.lookup import PresenceLookup
from services.presence.model import Connection, Update
from services.presence.ports import Leases
from services.presence.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds. `grace`: life of a lease; `flush`: least time between answers; `keep_alive`: most time between answers;

    `spread`: within which streams come back that this node sends away.
    """

    grace: float
    flush: float
    keep_alive: float
    spread: float


class Connect:
    """Holds a lease while the stream is open. What renews it is elsewhere."""

    def __init__(
        self,
        *,
        hub: Hub,
        leases: Leases,
        lookup: PresenceLookup,
        announcer: Announcer,
        book: ContactBook,
        ids: HybridClock,
        chance: Random,
        pace: Pace,
    ) -> None:
        self._hub = hub
        self._leases = leases
        self._lookup = lookup
        self._announcer = announcer
        self._book = book
        self._ids = ids
        self._chance = chance
        self._pace = pace

    async def __call__(self, *, user_id: UserId, device_id: str) -> AsyncGenerator[Update, None]:
        """First a snapshot, then changes as they come, together if they come fast; an empty update when all is silent.

        Ends when a newer stream of the same device opens, and, with `reconnect_after`, when this node goes away.
        """
        connection = Connection(user_id, self._ids.next())
        reader = Reader(connection=connection, device_id=device_id)
        try:
            await self._hub.enter(reader)
            # Asked after entering, so that a change of the list that comes meanwhile is heard of.
            await self._hub.set_contacts(user_id, await self._book.visible_to(user_id, max_age=0))
            self._announcer.soon(await self._leases.hold([connection], ttl=self._pace.grace))
            while (update := await self._next(reader)) is not None:
                yield update
                # What changes meanwhile goes into one answer.
                await asyncio.sleep(self._pace.flush)
            if reader.reconnect:
                yield Update(reconnect_after=self._chance.uniform(0, self._pace.spread))
        finally:
            self._hub.leave(reader)
            with suppress(ChatlyError):
                # A lease that cannot be given back now runs out by itself.
                await self._leases.release(connection, grace=self._pace.grace)

    async def _next(self, reader: Reader) -> Update | None:
        while await reader.wait(self._pace.keep_alive):
            if reader.ended:
                return None
            if reader.take_snapshot_request():
                told = await self._lookup.read(reader.contacts)
                reader.drop_known(told)
                return Update(list(told.values()), snapshot=True)
            if changes := reader.take_changes():
                return Update(changes)
        return Update()
