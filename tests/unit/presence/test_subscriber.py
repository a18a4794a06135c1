"""The changes that a stream has not sent yet."""

from uuid import UUID

from services.presence.model import Connection, Presence
from services.presence.subscriber import Subscriber
from tests.unit.presence.harness import a_user

ANN, BOB = a_user(), a_user()


def a_subscriber() -> Subscriber:
    """Return a subscriber that has sent its first snapshot."""
    subscriber = Subscriber(connection=Connection(ANN, UUID(int=1)), device_id="phone")
    subscriber.take_snapshot_request()
    return subscriber


def test_a_stream_that_is_not_read_holds_one_state_per_contact() -> None:
    subscriber = a_subscriber()

    for version in range(1, 1001):
        subscriber.offer(Presence(BOB, online=version % 2 == 0, version=version))

    assert subscriber.take_changes() == [Presence(BOB, online=True, version=1000)]
    assert subscriber.take_changes() == []


def test_a_late_older_state_does_not_replace_a_newer_one() -> None:
    subscriber = a_subscriber()

    subscriber.offer(Presence(BOB, online=True, version=2))
    subscriber.offer(Presence(BOB, online=False, version=1))

    assert subscriber.take_changes() == [Presence(BOB, online=True, version=2)]


def test_a_snapshot_drops_older_changes_and_keeps_newer_ones() -> None:
    subscriber = a_subscriber()
    subscriber.request_snapshot(frozenset({ANN, BOB}))
    subscriber.offer(Presence(BOB, version=1))
    assert subscriber.take_snapshot_request()

    subscriber.offer(Presence(ANN, version=5))
    subscriber.offer(Presence(BOB, version=3))
    subscriber.drop_known({ANN: Presence(ANN, version=5), BOB: Presence(BOB, version=2)})

    assert subscriber.take_changes() == [Presence(BOB, version=3)]


async def test_wait_returns_when_there_is_something_to_send_or_after_the_timeout() -> None:
    subscriber = a_subscriber()
    assert await subscriber.wait(10)
    assert not await subscriber.wait(0.01)

    subscriber.offer(Presence(BOB, version=1))
    assert await subscriber.wait(10)

    subscriber.close()
    assert await subscriber.wait(10)
