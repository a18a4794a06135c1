"""Contract of DeadLetters, run over every adapter."""

from dataclasses import replace

from history.codec import encode
from history.open import HistoryStore
from history.ports import Window
from kernel.log.ports import LogPosition, LogRecord
from tests.unit.history.builders import A_GROUP, ANN_AND_BOB, ChatBuilder, records_of


def poison(offset: int, partition: int = 0) -> LogRecord:
    return LogRecord(LogPosition(partition, offset), ANN_AND_BOB, b"\xff\xff\xff")


async def offsets(store: HistoryStore, before: LogPosition | None = None, limit: int = 9) -> list[tuple[int, int]]:
    page = await store.dead_letters.page(before=before, limit=limit)
    return [(letter.record.position.partition, letter.record.position.offset) for letter in page]


async def test_the_list_goes_from_the_newest_back_page_by_page(store: HistoryStore) -> None:
    await store.writer.apply([poison(0), poison(1), poison(2), poison(5, partition=1)])

    assert await offsets(store, limit=2) == [(1, 5), (0, 2)]
    assert await offsets(store, before=LogPosition(0, 2)) == [(0, 1), (0, 0)]
    assert await store.dead_letters.count() == 4


async def test_a_dead_letter_has_the_error(store: HistoryStore) -> None:
    await store.writer.apply([poison(0)])

    (letter,) = await store.dead_letters.page(before=None, limit=9)

    assert letter.record == poison(0)
    assert "not a ChatEvent" in letter.error
    assert letter.failed_at > 0


async def test_dead_letters_are_found_by_position(store: HistoryStore) -> None:
    await store.writer.apply([poison(0), poison(1), poison(2)])

    found = await store.dead_letters.at([LogPosition(0, 2), LogPosition(0, 0)])

    assert [letter.record for letter in found] == [poison(2), poison(0)]


async def test_an_unknown_position_has_no_dead_letter(store: HistoryStore) -> None:
    await store.writer.apply([poison(0)])

    found = await store.dead_letters.at([LogPosition(0, 7), LogPosition(0, 0)])

    assert [letter.record for letter in found] == [poison(0)]


async def test_a_removed_dead_letter_does_not_return_with_its_batch(store: HistoryStore) -> None:
    batch = [poison(0), poison(1)]
    await store.writer.apply(batch)

    for _ in range(2):
        await store.dead_letters.remove(LogPosition(0, 1))
    await store.writer.apply(batch)

    assert await offsets(store) == [(0, 0)]
    assert await store.dead_letters.count() == 1


async def test_dead_letters_do_not_come_back_when_their_batch_does(store: HistoryStore) -> None:
    chat = ChatBuilder()
    batch = [poison(0), *records_of([chat.sent()], start=1)]
    await store.writer.apply(batch)

    applied = await store.writer.apply(batch)

    assert (applied.dead, list(applied.events)) == (0, [])
    assert [state.seq for state in await store.messages.window(ANN_AND_BOB, Window(limit=9))] == [1]


async def test_an_event_under_a_wrong_key_is_put_aside(store: HistoryStore) -> None:
    sent = ChatBuilder().sent()
    record = replace(poison(0), key=A_GROUP, value=encode(sent))

    assert (await store.writer.apply([record])).dead == 1
