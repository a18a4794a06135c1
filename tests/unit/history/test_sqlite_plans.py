"""SQLite finds every row by a key: no statement scans a table that grows."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from history.ports import Window
from history.sqlite.reader import SqliteChatReader, SqliteEventReader, SqliteMessageReader
from history.sqlite.writer import SqliteRecordWriter
from kernel.sqlite.database import SqliteDatabase
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, PHOTO, ChatBuilder, records_of
from tests.unit.history.harness import started

T = TypeVar("T")
# One row per partition of the log, or only rows that are about to be deleted.
_SMALL = {"stored_offsets", "pending_withdrawals"}


class OverheardDatabase(SqliteDatabase):
    """Records the statements that SQLite runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.statements: set[str] = set()

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await super().write(self._overheard(job))

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await super().read(self._overheard(job))

    async def read_inline(self, job: Callable[[sqlite3.Connection], T]) -> T:
        return await super().read_inline(self._overheard(job))

    def _overheard(self, job: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
        def overheard(connection: sqlite3.Connection) -> T:
            connection.set_trace_callback(self.statements.add)
            try:
                return job(connection)
            finally:
                connection.set_trace_callback(None)

        return overheard


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OverheardDatabase]:
    with started(OverheardDatabase(tmp_path / "history.db")) as database:
        yield database


def walks(connection: sqlite3.Connection, statement: str) -> list[str]:
    """Return the tables that a statement scans."""
    tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    steps = [row["detail"].split() for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    return [step[1] for step in steps if step[0] == "SCAN" and step[1] in tables - _SMALL]


async def test_neither_the_persister_nor_its_readers_walk_through_a_table(database: OverheardDatabase) -> None:
    chat, group = ChatBuilder(), ChatBuilder(A_GROUP)
    created, sent = group.created(ANN, BOB), chat.sent(attachments=(PHOTO,))
    events = [created, *(group.sent(BOB) for _ in range(9)), sent, chat.reacted(BOB, sent, "👍")]
    events += [chat.edited(sent, "edited"), chat.read_by(BOB, sent), chat.deleted_for_everyone(sent)]
    writer = SqliteRecordWriter(database=database, clock=FakeClock())
    messages, chats = SqliteMessageReader(database=database), SqliteChatReader(database=database)

    await writer.apply(records_of(events[:8]))
    await writer.apply(records_of(events[8:], start=8))
    await messages.window(ANN_AND_BOB, Window(limit=9))
    await messages.messages(A_GROUP, [event.event_id for event in events[1:4]])
    await messages.sent(ANN, sent.event_id)
    await messages.count_after(A_GROUP, None, not_by=ANN, excluding=[], limit=9)
    await chats.heads([A_GROUP, ANN_AND_BOB])
    await chats.heads([A_GROUP], only=ANN)
    await chats.chats_of(ANN)
    await SqliteEventReader(database=database).events_after(A_GROUP, -1, 9)

    kinds = ("SELECT", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE")
    heard = [statement for statement in database.statements if statement.startswith(kinds)]
    assert len(heard) > 20
    found = await SqliteDatabase.read(
        database, lambda connection: {each: walked for each in heard if (walked := walks(connection, each))}
    )
    assert found == {}
