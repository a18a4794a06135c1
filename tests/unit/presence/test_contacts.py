"""The remembered contact lists."""

import asyncio

from kernel.ids import UserId
from services.presence.contacts import ContactBook
from tests.fakes import FakeClock
from tests.unit.presence.fakes import FakeContacts, a_user

ANN, BOB, EVE = a_user(), a_user(), a_user()


class SlowContacts(FakeContacts):
    """Answers when it is told to, with what was true when it was asked."""

    def __init__(self, *pairs: tuple[UserId, UserId]) -> None:
        super().__init__(*pairs)
        self.answer = asyncio.Event()

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        known = await super().contacts(user_id)
        await self.answer.wait()
        return known


async def test_one_may_see_ones_contacts_and_oneself() -> None:
    book = ContactBook(source=FakeContacts((ANN, BOB), (EVE, BOB)), clock=FakeClock())

    assert await book.visible_to(ANN, max_age=5) == {ANN, BOB}


async def test_an_answer_is_remembered_until_it_is_too_old() -> None:
    source, clock = FakeContacts((ANN, BOB)), FakeClock()
    book = ContactBook(source=source, clock=clock)

    await book.visible_to(ANN, max_age=5)
    clock.advance(4)
    await book.visible_to(ANN, max_age=5)
    assert source.asked == 1
    clock.advance(1)
    await book.visible_to(ANN, max_age=5)
    assert source.asked == 2


async def test_while_the_source_is_away_what_is_remembered_counts_and_it_is_left_alone_for_a_while() -> None:
    source, clock = FakeContacts((ANN, BOB)), FakeClock()
    book = ContactBook(source=source, clock=clock)
    await book.visible_to(ANN, max_age=5)
    source.away = True
    clock.advance(5)

    assert await book.visible_to(ANN, max_age=5) == {ANN, BOB}
    assert await book.visible_to(ANN, max_age=5) == {ANN, BOB}
    assert source.asked == 2
    clock.advance(2)
    assert book.due(ANN, max_age=5)


async def test_an_outdated_list_is_due_at_once() -> None:
    book = ContactBook(source=FakeContacts(), clock=FakeClock())
    await book.visible_to(ANN, max_age=5)
    assert not book.due(ANN, max_age=5)

    book.outdate(ANN)

    assert book.due(ANN, max_age=5)
    await book.wait_outdated(10)


async def test_an_answer_that_was_outdated_on_its_way_is_asked_for_again() -> None:
    source = SlowContacts()
    book = ContactBook(source=source, clock=FakeClock())
    asking = asyncio.create_task(book.visible_to(ANN, max_age=5))
    await asyncio.sleep(0)

    source.pairs.add((ANN, BOB))
    book.outdate(ANN)
    source.answer.set()

    assert await asking == {ANN}
    assert book.due(ANN, max_age=5)
    assert await book.visible_to(ANN, max_age=5) == {ANN, BOB}
