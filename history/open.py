"""Opens the message store, in SQLite or in Cassandra."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from history.ports import ChatReader, DeadLetters, EventReader, MessageReader, RecordWriter, StoreScan
from history.sqlite.reader import SqliteChatReader, SqliteEventReader, SqliteMessageReader
from history.sqlite.scan import SqliteStoreScan
from history.sqlite.schema import SCHEMA
from history.sqlite.stored_log import SqliteStoredLog
from history.sqlite.writer import SqliteDeadLetters, SqliteRecordWriter
from kernel.log.epochs import StoredLog
from kernel.sqlite.database import open_sqlite
from kernel.time import Clock, SystemClock

if TYPE_CHECKING:
    from kernel.cassandra.schema import Schema
    from kernel.cassandra.session import CassandraSession


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStore:
    """The message store, with an adapter for each of its ports.

    Messaging reads the store, the persister writes it, and both compare it with the log.
    """

    messages: MessageReader
    chats: ChatReader
    events: EventReader
    writer: RecordWriter
    dead_letters: DeadLetters
    log: StoredLog
    scan: StoreScan


@asynccontextmanager
async def open_history(data_dir: Path, *, clock: Clock | None = None) -> AsyncIterator[HistoryStore]:
    """Open the store in `data_dir`/history.db. Create or migrate the file if needed."""
    clock = clock or SystemClock()
    async with open_sqlite(data_dir / "history.db", SCHEMA) as database:
        yield HistoryStore(
            messages=SqliteMessageReader(database=database),
            chats=SqliteChatReader(database=database),
            events=SqliteEventReader(database=database),
            writer=SqliteRecordWriter(database=database, clock=clock),
            dead_letters=SqliteDeadLetters(database=database),
            log=SqliteStoredLog(database=database),
            scan=SqliteStoreScan(database=database),
        )


def cassandra_schema() -> "Schema":
    """Return the Cassandra schema of the message store.

    The session for `cassandra_history` must be opened with this schema.
    """
    from kernel.cassandra.schema import read_schema

    return read_schema("history", "history.cassandra.migrations")


def cassandra_history(session: "CassandraSession", *, clock: Clock | None = None) -> HistoryStore:
    """Return the store in Cassandra. The caller closes the session."""
    from history.cassandra.reader import CassandraChatReader, CassandraEventReader, CassandraMessageReader
    from history.cassandra.scan import CassandraStoreScan
    from history.cassandra.stored_log import CassandraStoredLog
    from history.cassandra.writer import CassandraDeadLetters, CassandraRecordWriter

    clock = clock or SystemClock()
    writer = CassandraRecordWriter(session=session, clock=clock)
    return HistoryStore(
        messages=CassandraMessageReader(session=session, clock=clock),
        chats=CassandraChatReader(session=session),
        events=CassandraEventReader(session=session),
        writer=writer,
        dead_letters=CassandraDeadLetters(session=session),
        log=CassandraStoredLog(session=session),
        scan=CassandraStoreScan(session=session),
    )
