"""Reads past events for a stream: after its cursor, after a gap of the bus, and from a group that its user joins."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from history.chat_id import ChatId
from history.model import ChatState, LogEvent, Membership
from history.ports import EventReader
from history.view import Replay as MissedEvents
from kernel.ids import UserId
from services.messaging.live.encoding import DeliveryEncoder
from services.messaging.live.memberships import ends_membership, memberships_of, memberships_set_by
from services.messaging.live.subscriber import Join, Subscriber

MAX_EVENTS = 10_000
CHUNK_BYTES = 64 << 10
_CONCURRENT_READS = 16


class ReplaySource(Protocol):
    """Reads past events and chats, unstored events included."""

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return every chat that a user is or was in."""
        ...

    async def outlines(self, ids: Collection[ChatId], user_id: UserId) -> Mapping[ChatId, ChatState]:
        """Return the states of those chats that have events. Only this user's membership is sure to be included."""
        ...

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> MissedEvents:
        """Return the events after `since` that the user may see, at most `limit`.

        `since`: partition → offset; a partition without an offset is read from its start. `chats`: return events of
        these chats only; None means every chat that the user is or was in.
        """
        ...


@dataclass(frozen=True, slots=True)
class Replay:
    """Events that a stream missed, in log order within each chat."""

    events: Sequence[LogEvent]
    too_many: bool
    """Whether there are more than MAX_EVENTS, so that the client must reload its chats."""
    stored: Mapping[int, int]
    """The offsets (partition → offset) up to which a client with these events has everything."""


@dataclass(frozen=True, slots=True)
class Memberships:
    """The chats that a user is or was in."""

    chats: Collection[ChatId]
    groups: Mapping[ChatId, Membership]
    """The user's membership in those chats that are groups. It may have ended."""


class ReplayReader:
    """Reads past events for a few streams at a time, because thousands of streams move to other nodes when one node
    stops.
    """

    def __init__(self, *, source: ReplaySource, events: EventReader, encoder: DeliveryEncoder) -> None:
        self._source = source
        self._events = events
        self._encoder = encoder
        self._limit = asyncio.Semaphore(_CONCURRENT_READS)

    async def memberships(self, subscriber: Subscriber) -> Memberships:
        """Return the chats that the user is or was in, including the groups that the stream knows from live events."""
        async with self._limit:
            chats = {*await self._source.chats_of(subscriber.user_id), *subscriber.groups}
            groups = await self._source.outlines({each for each in chats if not each.is_direct}, subscriber.user_id)
        return Memberships(chats, memberships_of(subscriber.user_id, groups.values()))

    async def stored(self) -> Mapping[int, int]:
        """Return the stored offset of each partition."""
        return await self._events.stored()

    async def since(
        self, user_id: UserId, offsets: Mapping[int, int], *, chats: Collection[ChatId] | None = None
    ) -> Replay:
        """Return the events after these offsets (partition → offset) that the user may see, up to MAX_EVENTS.

        `chats`: return events of these chats only; None means every chat that the user is or was in.
        """
        async with self._limit:
            # Read the stored offsets first, so that the reads below find every event up to these offsets.
            stored = await self._events.stored()
            missed = await self._source.missed(user_id, offsets, chats=chats, limit=MAX_EVENTS)
        return Replay(missed.events, missed.too_many, stored)

    async def around_join(self, user_id: UserId, join: Join, stored: Mapping[int, int]) -> Replay:
        """Return the group's events after the join or after the watermark `stored`, whichever is earlier.

        If the user was removed after the join, the removal is the last event.
        """
        position, chat_id = join.stored.position, join.stored.event.chat_id
        offset = min(position.offset, stored.get(position.partition, -1))
        replay = await self.since(user_id, {**stored, position.partition: offset}, chats=[chat_id])
        ends = [
            count
            for count, item in enumerate(replay.events, 1)
            if item.position.offset > position.offset and ends_membership(item.event, user_id)
        ]
        return replace(replay, events=replay.events[: ends[0]]) if ends else replay

    async def chunks(self, user_id: UserId, events: Sequence[LogEvent]) -> AsyncIterator[bytes]:
        """Yield the events as this user receives them, joined into chunks of about CHUNK_BYTES."""
        chunk = bytearray()
        for item in events:
            viewer = user_id if user_id in memberships_set_by(item.event) else None
            chunk += (await self._encoder.delivery(item.event, viewer=viewer)).data
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
        if chunk:
            yield bytes(chunk)
