"""The open streams of this node: lets them in, hands the news to those it concerns, and ends them."""

from collections.abc import Collection

from kernel.ids import UserId, time_key
from services.presence.audience import Audience
from services.presence.contacts import ContactBook
from services.presence.model import (
    Connection,
    ContactsChanged,
    DeviceConnected,
    News,
    NewsGap,
    Presence,
    StateChanged,
)
from services.presence.ports import NewsFeed, NewsSender
from services.presence.reader import Reader


class Hub:
    """One per node."""

    def __init__(self, *, feed: NewsFeed, sender: NewsSender, book: ContactBook) -> None:
        self._feed = feed
        self._sender = sender
        self._book = book
        self._audience = Audience(feed=feed)
        self._draining = False

    def users(self) -> Collection[UserId]:
        """Who has an open stream here."""
        return self._audience.users()

    def connections(self) -> Collection[Connection]:
        """All open streams."""
        return [reader.connection for reader in self._audience.readers()]

    async def enter(self, reader: Reader) -> None:
        """Let a stream in and end older ones of the same device, here and on other nodes."""
        if self._draining:
            reader.end(reconnect=True)
        self._end_older(reader.connection, reader.device_id)
        await self._audience.join(reader)
        await self._sender.publish([DeviceConnected(reader.connection, reader.device_id)])

    def leave(self, reader: Reader) -> None:
        """The stream is over; harmless if it was never let in."""
        self._audience.leave(reader)

    async def set_contacts(self, user_id: UserId, contacts: frozenset[UserId]) -> None:
        """The user may see these; streams that saw others before start again."""
        for reader in self._audience.readers_of(user_id):
            if reader.contacts != contacts:
                await self._audience.change(reader, contacts)

    async def tidy(self) -> None:
        """Give back what closed streams no longer need."""
        await self._audience.tidy()

    def drain(self) -> None:
        """Send all streams elsewhere, also those that still come."""
        self._draining = True
        for reader in self._audience.readers():
            reader.end(reconnect=True)

    async def run(self) -> None:
        """Hand on the news as they come."""
        while True:
            for news in await self._feed.receive():
                self._hand_on(news)

    def _hand_on(self, news: News | NewsGap) -> None:
        match news:
            case StateChanged(presence):
                self._tell(presence)
            case ContactsChanged(user_id):
                self._book.outdate(user_id)
            case DeviceConnected(connection, device_id):
                self._end_older(connection, device_id)
            case NewsGap():
                self._start_again()

    def _tell(self, presence: Presence) -> None:
        for reader in self._audience.watchers_of(presence.user_id):
            reader.tell(presence)

    def _end_older(self, connection: Connection, device_id: str) -> None:
        """A device without a name is never the same as another."""
        for reader in self._audience.readers_of(connection.user_id) if device_id else ():
            older = time_key(reader.connection.connection_id) < time_key(connection.connection_id)
            if reader.device_id == device_id and older:
                reader.end()

    def _start_again(self) -> None:
        for reader in self._audience.readers():
            reader.start_again(reader.contacts)
        for user_id in self._audience.users():
            self._book.outdate(user_id)
