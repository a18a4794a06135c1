"""A dead letter that can be read at last, as by a newer program."""

import sqlite3
from pathlib import Path

from history.codec import encode
from history.open import HistoryStore
from history.ports import Window
from kernel.log.ports import LogPosition, LogRecord
from tests.unit.history.chronicle import ANN_AND_BOB, Chronicle, records_of, stored


def mend(database: Path, value: bytes) -> None:
    """Let the only dead letter be one that this program can read."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE dead_letters SET value = ?", (value,))
    connection.close()


async def test_it_gets_the_next_number_and_leaves_the_list(store: HistoryStore, tmp_path: Path) -> None:
    chat = Chronicle()
    late, early = chat.sent(), chat.sent()
    poison = LogRecord(LogPosition(0, 0), ANN_AND_BOB, b"\xff\xff\xff")
    await store.writer.apply([poison, *records_of([early], start=1)])
    mend(tmp_path / "history.db", encode(late))

    applied, succeeded = await store.dead_letters.replay(None)

    assert (succeeded, applied.dead, list(applied.events)) == (1, 0, stored([late]))
    assert await store.dead_letters.count() == 0
    messages = await store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert [(state.message_id, state.seq) for state in messages] == [(late.event_id, 2), (early.event_id, 1)]


async def test_the_newest_place_of_its_chat_stays(store: HistoryStore, tmp_path: Path) -> None:
    chat = Chronicle()
    poison = LogRecord(LogPosition(0, 0), ANN_AND_BOB, b"\xff\xff\xff")
    await store.writer.apply([poison, *records_of([chat.sent()], start=1)])
    mend(tmp_path / "history.db", encode(chat.sent()))

    await store.dead_letters.replay([LogPosition(0, 0)])

    assert (await store.chats.heads([ANN_AND_BOB]))[ANN_AND_BOB].position == LogPosition(0, 1)
    assert await store.events.stored() == {0: 1}
