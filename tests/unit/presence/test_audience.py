"""Which channels are heard."""

from uuid import UUID

from kernel.ids import UserId
from services.presence.audience import Audience
from services.presence.model import Connection, Topic
from services.presence.reader import Reader
from tests.unit.presence.fakes import FakeNews, a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


def a_reader(user_id: UserId, number: int = 1) -> Reader:
    return Reader(connection=Connection(user_id, UUID(int=number)), device_id="")


async def test_a_channel_is_heard_as_long_as_one_stream_needs_it() -> None:
    news = FakeNews()
    audience = Audience(feed=news)
    ann, bob = a_reader(ANN), a_reader(BOB)
    for reader in (ann, bob):
        await audience.join(reader)
        await audience.change(reader, frozenset({reader.connection.user_id, EVE}))

    audience.leave(ann)
    await audience.tidy()
    assert (Topic.STATE, EVE) in news.heard
    assert {user_id for _, user_id in news.heard} == {BOB, EVE}

    audience.leave(bob)
    await audience.tidy()
    assert news.heard == set()
    assert list(audience.readers()) == []


async def test_a_contact_that_is_no_more_is_heard_no_more() -> None:
    news = FakeNews()
    audience = Audience(feed=news)
    ann = a_reader(ANN)
    await audience.join(ann)
    await audience.change(ann, frozenset({ANN, BOB}))
    assert list(audience.watchers_of(BOB)) == [ann]

    await audience.change(ann, frozenset({ANN}))
    await audience.tidy()

    assert list(audience.watchers_of(BOB)) == []
    assert (Topic.STATE, BOB) not in news.heard


async def test_who_comes_back_before_the_tidying_is_still_heard() -> None:
    news = FakeNews()
    audience = Audience(feed=news)
    older, newer = a_reader(ANN, 1), a_reader(ANN, 2)
    await audience.join(older)
    audience.leave(older)
    await audience.join(newer)

    await audience.tidy()

    assert news.heard == {(topic, ANN) for topic in Topic}
