"""What a stream is told of the past: after its cursor, after a gap, and of a group its user has just come into."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from history.chat_id import ChatId
from history.model import Membership, StoredEvent
from history.ports import EventReader
from kernel.ids import UserId
from services.messaging.live.places import places_of, places_set_by, takes_out
from services.messaging.live.ports import Past
from services.messaging.live.reader import Join, Reader
from services.messaging.live.rendering import Rendering

MAX_EVENTS = 10_000
CHUNK_BYTES = 64 << 10
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Missed:
    """What a stream missed, in log order within each chat."""

    events: Sequence[StoredEvent]
    too_many: bool
    stored: Mapping[int, int]
    """Whoever has these events has everything at or below (partition → offset)."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a user is and was."""

    chats: Collection[ChatId]
    places: Mapping[ChatId, Membership]
    """In groups."""


class Replays:
    """Reads the past for a few streams at a time, for a thousand come at once when another node goes away."""

    def __init__(self, *, past: Past, events: EventReader, rendering: Rendering) -> None:
        self._past = past
        self._events = events
        self._rendering = rendering
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def whereabouts(self, reader: Reader) -> Whereabouts:
        """Where the user is and was, and their places in all these groups and in those that the stream hears."""
        async with self._few:
            chats = {*await self._past.chats_of(reader.user_id), *reader.groups}
            groups = await self._past.outlines({each for each in chats if not each.is_direct}, reader.user_id)
        return Whereabouts(chats, places_of(reader.user_id, groups.values()))

    async def stored(self) -> Mapping[int, int]:
        """How far the store has come (partition → offset)."""
        return await self._events.stored()

    async def since(
        self, user_id: UserId, offsets: Mapping[int, int], *, chats: Collection[ChatId] | None = None
    ) -> Missed:
        """Everything the user may see after these offsets (partition → offset), up to MAX_EVENTS.

        `chats`: nothing of others is asked for. None: of every chat that the user is or was in.
        """
        async with self._few:
            # Asked first: whatever is stored by now is found by what follows.
            stored = await self._events.stored()
            replay = await self._past.missed(user_id, offsets, chats=chats, limit=MAX_EVENTS)
        return Missed(replay.events, replay.too_many, stored)

    async def around_join(self, user_id: UserId, join: Join, stored: Mapping[int, int]) -> Missed:
        """What happened in a group lately, and all since the user came in; up to their removal, if there was one."""
        position, chat_id = join.stored.position, join.stored.event.chat_id
        offset = min(position.offset, stored.get(position.partition, -1))
        missed = await self.since(user_id, {**stored, position.partition: offset}, chats=[chat_id])
        ends = [
            number
            for number, item in enumerate(missed.events, 1)
            if item.position.offset > position.offset and takes_out(item.event, user_id)
        ]
        return replace(missed, events=missed.events[: ends[0]]) if ends else missed

    async def chunks(self, user_id: UserId, events: Sequence[StoredEvent]) -> AsyncIterator[bytes]:
        """The events as this user is told of them, joined into pieces of about CHUNK_BYTES."""
        chunk = bytearray()
        for item in events:
            viewer = user_id if user_id in places_set_by(item.event) else None
            chunk += (await self._rendering.delivery(item.event, viewer=viewer)).data
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
        if chunk:
            yield bytes(chunk)
