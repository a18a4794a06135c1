"""An interrupted batch leaves nothing behind; applied again, it is stored without loss, repeats or gaps."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from history.ports import Window
from history.sqlite.reader import SqliteEventReader, SqliteMessageReader
from history.sqlite.writer import SqliteRecordWriter
from kernel.errors import ChatlyError, KernelReason
from kernel.sqlite.database import Query, SqliteDatabase
from tests.fakes import FakeClock
from tests.unit.history.builders import ANN_AND_BOB, PHOTO, ChatBuilder, records_of
from tests.unit.history.harness import started

T = TypeVar("T")


class DyingDatabase(SqliteDatabase):
    """Interrupts the next transaction after a number of SQLite steps; -1: after its last statement."""

    dies_after: int | None = None

    async def write(self, query: Query[T]) -> T:
        dies_after, self.dies_after = self.dies_after, None
        return await super().write(query if dies_after is None else self._dying(query, dies_after))

    def _dying(self, query: Query[T], steps: int) -> Query[T]:
        def interrupted(connection: sqlite3.Connection) -> T:
            if steps > 0:
                connection.set_progress_handler(lambda: 1, steps)
            with suppress(sqlite3.OperationalError):
                query(connection)
            connection.set_progress_handler(None, 0)
            failure = sqlite3.OperationalError("disk I/O error")
            failure.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise failure

        return interrupted


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DyingDatabase]:
    with started(DyingDatabase(tmp_path / "history.db")) as database:
        yield database


@pytest.mark.parametrize("dies_after", [50, 100, 300, 1_000, 3_000, -1])
async def test_an_interrupted_batch_is_stored_completely_the_next_time(
    database: DyingDatabase, dies_after: int
) -> None:
    chat = ChatBuilder()
    writer = SqliteRecordWriter(database=database, clock=FakeClock())
    messages, events = SqliteMessageReader(database=database), SqliteEventReader(database=database)
    sent = [chat.sent(attachments=(PHOTO,)) for _ in range(6)]
    records = records_of([*sent[:3], chat.edited(sent[0], "edited"), chat.deleted_for_everyone(sent[1]), *sent[3:]])
    await writer.apply(records[:2])

    database.dies_after = dies_after
    with pytest.raises(ChatlyError) as raised:
        await writer.apply(records)

    assert raised.value.reason == KernelReason.STORE_UNAVAILABLE
    assert await events.stored() == {0: 1}
    assert len(await messages.window(ANN_AND_BOB, Window(limit=99))) == 2

    applied = await writer.apply(records)

    assert [event.position.offset for event in applied.events] == [2, 3, 4, 5, 6, 7]
    assert [state.seq for state in await messages.window(ANN_AND_BOB, Window(limit=99))] == [1, 2, 3, 4, 5, 6]
    assert [item.position.offset for item in await events.events_after(ANN_AND_BOB, -1, 99)] == list(range(8))
