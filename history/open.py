"""Opens the message store. Which one is decided here, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from history.adapters.sqlite_readers import SqliteChatReader, SqliteEventReader, SqliteMessageReader
from history.adapters.sqlite_schema import SCHEMA
from history.adapters.sqlite_writer import SqliteDeadLetters, SqliteRecordWriter
from history.ports import ChatReader, DeadLetters, EventReader, MessageReader, RecordWriter
from kernel.clock import Clock, SystemClock
from kernel.store.sqlite import open_sqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStore:
    """The store behind each of its ports: messaging reads, the persister writes."""

    messages: MessageReader
    chats: ChatReader
    events: EventReader
    writer: RecordWriter
    dead_letters: DeadLetters


@asynccontextmanager
async def open_history(data_dir: Path, *, clock: Clock | None = None) -> AsyncIterator[HistoryStore]:
    """The store in `data_dir`/history.db, made or migrated if need be."""
    clock = clock or SystemClock()
    async with open_sqlite(data_dir / "history.db", SCHEMA) as database:
        yield HistoryStore(
            messages=SqliteMessageReader(database=database),
            chats=SqliteChatReader(database=database),
            events=SqliteEventReader(database=database),
            writer=SqliteRecordWriter(database=database, clock=clock),
            dead_letters=SqliteDeadLetters(database=database, clock=clock),
        )
