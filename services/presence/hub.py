"""The open streams of this node. The hub sends events to them and closes them."""

from collections.abc import Collection

from kernel.ids import UserId, time_key
from services.presence.contacts import ContactCache
from services.presence.model import (
    BLOCKS_CHANNEL,
    BlockChanged,
    Connection,
    ContactsChanged,
    DeviceConnected,
    EventGap,
    PresenceEvent,
    StateChanged,
)
from services.presence.ports import EventFeed, EventPublisher
from services.presence.subscriber import Subscriber
from services.presence.subscriber_index import SubscriberIndex


class Hub:
    """Routes each event to the streams that need it. A node has one hub."""

    def __init__(self, *, feed: EventFeed, publisher: EventPublisher, contacts: ContactCache) -> None:
        self._feed = feed
        self._publisher = publisher
        self._contacts = contacts
        self._index = SubscriberIndex(feed=feed)
        self._draining = False

    def users(self) -> Collection[UserId]:
        """Return the users who have an open stream on this node."""
        return self._index.users()

    def connections(self) -> Collection[Connection]:
        """Return the connections of all open streams on this node."""
        return [subscriber.connection for subscriber in self._index.subscribers()]

    async def add(self, subscriber: Subscriber) -> None:
        """Add a stream. Close older streams of the same device, on this node and on others."""
        if self._draining:
            subscriber.close(reconnect=True)
        self._close_older(subscriber.connection, subscriber.device_id)
        await self._index.add(subscriber)
        await self._publisher.publish([DeviceConnected(subscriber.connection, subscriber.device_id)])

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a stream, if it is in the hub."""
        self._index.remove(subscriber)

    async def set_contacts(self, user_id: UserId, contacts: frozenset[UserId]) -> None:
        """Replace the contacts of the user's streams. A stream whose contacts have changed sends a new snapshot."""
        for subscriber in self._index.owned_by(user_id):
            if subscriber.contacts != contacts:
                await self._index.set_contacts(subscriber, contacts)

    async def unsubscribe_unused(self) -> None:
        """Unsubscribe from the bus channels that no stream needs."""
        await self._index.unsubscribe_unused()

    def drain(self) -> None:
        """Close all streams, and those that are added later, with a request to reconnect."""
        self._draining = True
        for subscriber in self._index.subscribers():
            subscriber.close(reconnect=True)

    async def run(self) -> None:
        """Route events until cancelled."""
        await self._feed.subscribe([BLOCKS_CHANNEL])
        while True:
            for event in await self._feed.receive():
                self._route(event)

    def _route(self, event: PresenceEvent | EventGap) -> None:
        match event:
            case StateChanged(presence):
                for subscriber in self._index.watching(presence.user_id):
                    subscriber.offer(presence)
            case ContactsChanged(user_id):
                self._contacts.invalidate(user_id)
            case DeviceConnected(connection, device_id):
                self._close_older(connection, device_id)
            case BlockChanged(blocker, blocked, present=True):
                self._contacts.hide(blocker, blocked)
                self._index.separate(blocker, blocked)
            case BlockChanged(blocker, blocked, present=False):
                self._contacts.unhide(blocker, blocked)
            case EventGap():
                self._reload_all()

    def _close_older(self, connection: Connection, device_id: str) -> None:
        """Close older streams of the same device. A device without an id matches no other device."""
        for subscriber in self._index.owned_by(connection.user_id) if device_id else ():
            older = time_key(subscriber.connection.connection_id) < time_key(connection.connection_id)
            if subscriber.device_id == device_id and older:
                subscriber.close()

    def _reload_all(self) -> None:
        for subscriber in self._index.subscribers():
            subscriber.request_snapshot(subscriber.contacts)
        for user_id in self._index.users():
            self._contacts.invalidate(user_id)
