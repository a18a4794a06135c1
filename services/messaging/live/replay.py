"""Reads past events for a stream: after its cursor, after a gap of the bus, and of a group that its user has joined."""

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
    """Past events and chats, unstored events included."""

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return every chat that a user is or was in."""
        ...

    async def outlines(self, ids: Collection[ChatId], user_id: UserId) -> Mapping[ChatId, ChatState]:
        """Return the chats in which anything ever happened. Of their members only this user is sure to be included."""
        ...

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> MissedEvents:
        """Return the events after `since` that the user may see.

        `since`: partition → offset; a partition that is left out is read from its start. `chats`: only events of these
        chats; None: of every chat that the user is or was in.
        """
        ...


@dataclass(frozen=True, slots=True)
class Replay:
    """Events that a stream missed, in log order within each chat."""

    events: Sequence[LogEvent]
    too_many: bool
    """There are more than MAX_EVENTS: the client must reload its chats."""
    stored: Mapping[int, int]
    """A client with these events has everything at or below these offsets (partition → offset)."""


@dataclass(frozen=True, slots=True)
class Memberships:
    """The chats that a user is or was in."""

    chats: Collection[ChatId]
    groups: Mapping[ChatId, Membership]
    """The user's membership in those that are groups."""


class ReplayReader:
    """Reads for a few streams at a time: when a node stops, thousands of streams start elsewhere at once."""

    def __init__(self, *, source: ReplaySource, events: EventReader, encoder: DeliveryEncoder) -> None:
        self._source = source
        self._events = events
        self._encoder = encoder
        self._limit = asyncio.Semaphore(_CONCURRENT_READS)

    async def memberships(self, subscriber: Subscriber) -> Memberships:
        """Return the chats of the user, and of the groups that the stream receives."""
        async with self._limit:
            chats = {*await self._source.chats_of(subscriber.user_id), *subscriber.groups}
            groups = await self._source.outlines({each for each in chats if not each.is_direct}, subscriber.user_id)
        return Memberships(chats, memberships_of(subscriber.user_id, groups.values()))

    async def stored(self) -> Mapping[int, int]:
        """Return the offset up to which the store has each partition."""
        return await self._events.stored()

    async def since(
        self, user_id: UserId, offsets: Mapping[int, int], *, chats: Collection[ChatId] | None = None
    ) -> Replay:
        """Return the events after these offsets (partition → offset) that the user may see, up to MAX_EVENTS.

        `chats`: only events of these chats; None: of every chat that the user is or was in.
        """
        async with self._limit:
            # Read first: the reads below find everything that is stored by now.
            stored = await self._events.stored()
            missed = await self._source.missed(user_id, offsets, chats=chats, limit=MAX_EVENTS)
        return Replay(missed.events, missed.too_many, stored)

    async def around_join(self, user_id: UserId, join: Join, stored: Mapping[int, int]) -> Replay:
        """Return a group's events after the watermark `stored`, and all since the user joined, up to their removal."""
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
