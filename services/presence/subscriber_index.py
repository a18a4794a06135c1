"""An index of this node's open streams, by owner and by contact, and the bus subscriptions that the streams need."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from kernel.ids import UserId
from services.presence.model import Channel, Topic
from services.presence.ports import EventFeed
from services.presence.subscriber import Subscriber


class SubscriberIndex:
    """Subscribes once to each channel that at least one stream needs."""

    def __init__(self, *, feed: EventFeed) -> None:
        self._feed = feed
        self._by_owner: dict[UserId, set[Subscriber]] = defaultdict(set)
        self._by_contact: dict[UserId, set[Subscriber]] = defaultdict(set)
        self._subscribed: set[Channel] = set()
        self._unused: set[Channel] = set()
        # The lock keeps calls to subscribe and unsubscribe in order.
        self._feed_lock = asyncio.Lock()

    def users(self) -> Collection[UserId]:
        """Return the users who have an open stream on this node."""
        return list(self._by_owner)

    def subscribers(self) -> Collection[Subscriber]:
        """Return all open streams of this node."""
        return [subscriber for subscribers in self._by_owner.values() for subscriber in subscribers]

    def owned_by(self, user_id: UserId) -> Collection[Subscriber]:
        """Return the user's own streams."""
        return list(self._by_owner.get(user_id, ()))

    def watching(self, user_id: UserId) -> Collection[Subscriber]:
        """Return the streams that receive this user's state."""
        return self._by_contact.get(user_id, ())

    async def add(self, subscriber: Subscriber) -> None:
        """Add a stream. After the return, the stream receives every event that concerns it."""
        self._by_owner[subscriber.connection.user_id].add(subscriber)
        for contact in subscriber.contacts:
            self._by_contact[contact].add(subscriber)
        await self._subscribe(subscriber)

    async def set_contacts(self, subscriber: Subscriber, contacts: frozenset[UserId]) -> None:
        """Replace the stream's contacts and request a snapshot of them."""
        self._remove_contacts(subscriber, subscriber.contacts - contacts)
        for contact in contacts - subscriber.contacts:
            self._by_contact[contact].add(subscriber)
        subscriber.request_snapshot(contacts)
        await self._subscribe(subscriber)

    def separate(self, one: UserId, other: UserId) -> None:
        """Remove two users from the contacts of each other's streams. The streams send a new snapshot."""
        for owner, contact in ((one, other), (other, one)):
            for subscriber in self.owned_by(owner):
                if contact in subscriber.contacts:
                    self._remove_contacts(subscriber, [contact])
                    subscriber.request_snapshot(subscriber.contacts - {contact})

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a stream, if it is in the index. Its channels stay subscribed until `unsubscribe_unused`."""
        owner = subscriber.connection.user_id
        _discard(self._by_owner, owner, subscriber)
        self._unused |= {(Topic.CONTACTS, owner), (Topic.DEVICES, owner)}
        self._remove_contacts(subscriber, subscriber.contacts)

    async def unsubscribe_unused(self) -> None:
        """Unsubscribe from the bus channels that no stream needs."""
        async with self._feed_lock:
            unused = {channel for channel in self._unused if channel in self._subscribed and not self._needed(channel)}
            self._unused.clear()
            self._subscribed -= unused
            await self._feed.unsubscribe(unused)

    async def _subscribe(self, subscriber: Subscriber) -> None:
        owner = subscriber.connection.user_id
        needed: set[Channel] = {(Topic.STATE, contact) for contact in subscriber.contacts}
        needed |= {(Topic.CONTACTS, owner), (Topic.DEVICES, owner)}
        async with self._feed_lock:
            await self._feed.subscribe(needed - self._subscribed)
            self._subscribed |= needed

    def _remove_contacts(self, subscriber: Subscriber, contacts: Collection[UserId]) -> None:
        for user_id in contacts:
            _discard(self._by_contact, user_id, subscriber)
            self._unused.add((Topic.STATE, user_id))

    def _needed(self, channel: Channel) -> bool:
        topic, user_id = channel
        return user_id in (self._by_contact if topic is Topic.STATE else self._by_owner)


def _discard(table: dict[UserId, set[Subscriber]], key: UserId, subscriber: Subscriber) -> None:
    subscribers = table.get(key)
    if subscribers is not None:
        subscribers.discard(subscriber)
        if not subscribers:
            del table[key]
