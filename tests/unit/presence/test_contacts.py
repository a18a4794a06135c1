"""The cache of contact lists."""

import asyncio

from kernel.ids import UserId
from services.presence.contacts import ContactCache
from tests.fakes import FakeClock
from tests.unit.presence.harness import FakeContacts, a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


class SlowContacts(FakeContacts):
    """Returns the list as of the call, once `answer` is set."""

    def __init__(self, *pairs: tuple[UserId, UserId]) -> None:
        super().__init__(*pairs)
        self.answer = asyncio.Event()

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        known = await super().contacts(user_id)
        await self.answer.wait()
        return known


async def test_users_see_their_contacts_and_themselves() -> None:
    cache = ContactCache(source=FakeContacts((ANN, BOB), (EVE, BOB)), clock=FakeClock())

    assert await cache.visible_to(ANN, max_age=5) == {ANN, BOB}


async def test_a_list_is_cached_until_it_is_too_old() -> None:
    source, clock = FakeContacts((ANN, BOB)), FakeClock()
    cache = ContactCache(source=source, clock=clock)

    await cache.visible_to(ANN, max_age=5)
    clock.advance(4)
    await cache.visible_to(ANN, max_age=5)
    assert source.calls == 1
    clock.advance(1)
    await cache.visible_to(ANN, max_age=5)
    assert source.calls == 2


async def test_while_the_source_is_unavailable_the_cached_list_is_used_and_retries_are_delayed() -> None:
    source, clock = FakeContacts((ANN, BOB)), FakeClock()
    cache = ContactCache(source=source, clock=clock)
    await cache.visible_to(ANN, max_age=5)
    source.unavailable = True
    clock.advance(5)

    assert await cache.visible_to(ANN, max_age=5) == {ANN, BOB}
    assert await cache.visible_to(ANN, max_age=5) == {ANN, BOB}
    assert source.calls == 2
    clock.advance(2)
    assert cache.due(ANN, max_age=5)


async def test_an_invalidated_list_is_due_at_once() -> None:
    cache = ContactCache(source=FakeContacts(), clock=FakeClock())
    await cache.visible_to(ANN, max_age=5)
    assert not cache.due(ANN, max_age=5)

    cache.invalidate(ANN)

    assert cache.due(ANN, max_age=5)
    await cache.wait_invalidated(10)


async def test_a_list_invalidated_during_the_read_is_read_again() -> None:
    source = SlowContacts()
    cache = ContactCache(source=source, clock=FakeClock())
    reading = asyncio.create_task(cache.visible_to(ANN, max_age=5))
    await asyncio.sleep(0)

    source.pairs.add((ANN, BOB))
    cache.invalidate(ANN)
    source.answer.set()

    assert await reading == {ANN}
    assert cache.due(ANN, max_age=5)
    assert await cache.visible_to(ANN, max_age=5) == {ANN, BOB}
