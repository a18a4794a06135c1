"""The channels that a node subscribes to."""

from uuid import UUID

from kernel.ids import UserId
from services.presence.model import Connection, Topic
from services.presence.subscriber import Subscriber
from services.presence.subscriber_index import SubscriberIndex
from tests.unit.presence.harness import FakeEvents, a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


def a_subscriber(user_id: UserId, number: int = 1) -> Subscriber:
    return Subscriber(connection=Connection(user_id, UUID(int=number)), device_id="")


async def test_a_channel_stays_subscribed_while_a_stream_needs_it() -> None:
    events = FakeEvents()
    index = SubscriberIndex(feed=events)
    ann, bob = a_subscriber(ANN), a_subscriber(BOB)
    for subscriber in (ann, bob):
        await index.add(subscriber)
        await index.set_contacts(subscriber, frozenset({subscriber.connection.user_id, EVE}))

    index.remove(ann)
    await index.unsubscribe_unused()
    assert (Topic.STATE, EVE) in events.subscribed
    assert {user_id for _, user_id in events.subscribed} == {BOB, EVE}

    index.remove(bob)
    await index.unsubscribe_unused()
    assert events.subscribed == set()
    assert list(index.subscribers()) == []


async def test_the_channel_of_a_removed_contact_is_unsubscribed() -> None:
    events = FakeEvents()
    index = SubscriberIndex(feed=events)
    ann = a_subscriber(ANN)
    await index.add(ann)
    await index.set_contacts(ann, frozenset({ANN, BOB}))
    assert list(index.watching(BOB)) == [ann]

    await index.set_contacts(ann, frozenset({ANN}))
    await index.unsubscribe_unused()

    assert list(index.watching(BOB)) == []
    assert (Topic.STATE, BOB) not in events.subscribed


async def test_a_stream_that_reopens_before_the_cleanup_keeps_its_channels() -> None:
    events = FakeEvents()
    index = SubscriberIndex(feed=events)
    older, newer = a_subscriber(ANN, 1), a_subscriber(ANN, 2)
    await index.add(older)
    index.remove(older)
    await index.add(newer)

    await index.unsubscribe_unused()

    assert events.subscribed == {(topic, ANN) for topic in Topic if topic is not Topic.BLOCKS}
