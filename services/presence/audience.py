"""Which open streams of this node look at whom, and which channels must be heard for that."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from kernel.ids import UserId
from services.presence.model import Channel, Topic
from services.presence.ports import NewsFeed
from services.presence.reader import Reader


class Audience:
    """Every channel is heard once, however many streams need it."""

    def __init__(self, *, feed: NewsFeed) -> None:
        self._feed = feed
        self._by_owner: dict[UserId, set[Reader]] = defaultdict(set)
        self._by_watched: dict[UserId, set[Reader]] = defaultdict(set)
        self._heard: set[Channel] = set()
        self._unused: set[Channel] = set()
        # Adding and removing must not overtake each other on their way to the bus.
        self._changing = asyncio.Lock()

    def users(self) -> Collection[UserId]:
        """Who has an open stream here."""
        return list(self._by_owner)

    def readers(self) -> Collection[Reader]:
        """All open streams."""
        return [reader for readers in self._by_owner.values() for reader in readers]

    def readers_of(self, user_id: UserId) -> Collection[Reader]:
        """The user's own streams."""
        return list(self._by_owner.get(user_id, ()))

    def watchers_of(self, user_id: UserId) -> Collection[Reader]:
        """The streams that are to hear of this user."""
        return self._by_watched.get(user_id, ())

    async def join(self, reader: Reader) -> None:
        """On return the stream misses nothing that is told from now on."""
        self._by_owner[reader.connection.user_id].add(reader)
        for watched in reader.contacts:
            self._by_watched[watched].add(reader)
        await self._hear(reader)

    async def change(self, reader: Reader, contacts: frozenset[UserId]) -> None:
        """The stream looks at others now, and is told everything again."""
        self._unwatch(reader, reader.contacts - contacts)
        for watched in contacts - reader.contacts:
            self._by_watched[watched].add(reader)
        reader.start_again(contacts)
        await self._hear(reader)

    def leave(self, reader: Reader) -> None:
        """The stream is over; harmless if it never joined. The bus is told later, by `tidy`."""
        owner = reader.connection.user_id
        _discard(self._by_owner, owner, reader)
        self._unused |= {(Topic.CONTACTS, owner), (Topic.DEVICES, owner)}
        self._unwatch(reader, reader.contacts)

    async def tidy(self) -> None:
        """Stop hearing what nobody here needs any more."""
        async with self._changing:
            gone = {channel for channel in self._unused if channel in self._heard and not self._needed(channel)}
            self._unused.clear()
            self._heard -= gone
            await self._feed.remove(gone)

    async def _hear(self, reader: Reader) -> None:
        owner = reader.connection.user_id
        wanted: set[Channel] = {(Topic.STATE, watched) for watched in reader.contacts}
        wanted |= {(Topic.CONTACTS, owner), (Topic.DEVICES, owner)}
        async with self._changing:
            await self._feed.add(wanted - self._heard)
            self._heard |= wanted

    def _unwatch(self, reader: Reader, watched: Collection[UserId]) -> None:
        for user_id in watched:
            _discard(self._by_watched, user_id, reader)
            self._unused.add((Topic.STATE, user_id))

    def _needed(self, channel: Channel) -> bool:
        topic, user_id = channel
        return user_id in (self._by_watched if topic is Topic.STATE else self._by_owner)


def _discard(table: dict[UserId, set[Reader]], key: UserId, reader: Reader) -> None:
    readers = table.get(key)
    if readers is not None:
        readers.discard(reader)
        if not readers:
            del table[key]
