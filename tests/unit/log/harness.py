"""A persister and a sender over one log and one store, which a test may lose, restore or cut between two runs."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from history.codec import encode
from history.model import MessageSent
from history.open import HistoryStore, open_history
from history.ports import Window
from history.stored_log import open_epoch_log
from kernel.bus.memory import MemoryBus
from kernel.log.epoch_check import LogCheck
from kernel.log.epoch_log import EpochLog
from kernel.log.ports import LogConsumer, LogPosition
from kernel.sqlite.log import SqliteLog, open_sqlite_log
from services.persister.publish_stored import PublishStored
from services.persister.resume_point import ResumePoint
from tests.fakes import FakeClock, a_platform
from tests.unit.history.builders import ANN, ANN_AND_BOB, ChatBuilder

BATCH_SIZE = 3


@dataclass
class Run:
    """One run of the mesh."""

    raw: SqliteLog
    log: EpochLog
    store: HistoryStore
    consumer: LogConsumer
    clock: FakeClock
    chat: ChatBuilder

    async def send(self, count: int, texts: list[str]) -> list[LogPosition]:
        """Append messages to the chat of Ann and Bob; on return they are acknowledged."""
        positions = []
        for _ in range(count):
            texts.append(f"message {len(texts) + 1}")
            positions.append(await self.log.append(ANN_AND_BOB, encoded_send(self.chat, texts[-1])))
        return positions

    async def persist(self) -> None:
        """Store everything that the log has."""
        self.clock.advance(5)
        idle = 0
        while idle < 2:
            records = await self.consumer.fetch(max_records=BATCH_SIZE, wait=0)
            idle = 0 if records else idle + 1
            if records:
                await self.store.writer.apply(records)

    @asynccontextmanager
    async def another_node(self) -> AsyncIterator["Run"]:
        """Open a sender that knows the same log and the same store by itself."""
        async with (
            a_platform(data_dir=Path(), clock=self.clock) as platform,
            open_epoch_log(
                replace(platform, log=self.raw, log_reader=self.raw, log_consumer=self.raw.consumer), self.store.log
            ) as log,
        ):
            yield replace(self, log=log)

    async def adopt(self) -> None:
        """Continue without the missing records, as `chatly log adopt` does."""
        await LogCheck(log=self.raw, store=self.store.log, clock=self.clock).adopt()

    async def kept(self) -> list[str]:
        """Return the texts of the stored messages, in the order of `seq`, which must be dense."""
        states = await self.store.messages.window(ANN_AND_BOB, Window(limit=999))
        states = sorted(states, key=lambda state: state.seq)
        assert [state.seq for state in states] == list(range(1, len(states) + 1))
        return [state.content.text for state in states if state.content]


@dataclass
class Mesh:
    """The data folder of an embedded mesh."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.chat = ChatBuilder(clock=self.clock)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Run]:
        """Open log, store, sender and persister, as a start of the mesh does."""
        async with (
            open_sqlite_log(self.folder / "log.db", clock=self.clock) as raw,
            open_history(self.folder, clock=self.clock) as store,
            a_platform(data_dir=self.folder, clock=self.clock) as platform,
            open_epoch_log(replace(platform, log=raw, log_reader=raw, log_consumer=raw.consumer), store.log) as log,
        ):
            publish = PublishStored(bus=MemoryBus(), log=log)
            resume = ResumePoint(log=log, events=store.events, publish=publish, batch_size=BATCH_SIZE)
            async with log.consumer("persister", resume=resume) as consumer:
                yield Run(raw, log, store, consumer, self.clock, self.chat)

    def copy_everything(self) -> None:
        """Keep a copy of log and store as they are now, as a backup does."""
        self._checkpoint()
        shutil.copytree(self.folder, self.folder / "backup", ignore=shutil.ignore_patterns("backup"))

    async def restore_everything(self) -> None:
        """Put the backup in place of log and store, and declare it, as `chatly log restored` does."""
        for path in (*self.folder.glob("log.db*"), *self.folder.glob("history.db*")):
            path.unlink()
        shutil.copytree(self.folder / "backup", self.folder, dirs_exist_ok=True)
        async with open_sqlite_log(self.folder / "log.db") as raw, open_history(self.folder, clock=self.clock) as store:
            await LogCheck(log=raw, store=store.log, clock=self.clock).restored()

    def lose_log(self) -> None:
        """Delete the log and keep the store."""
        for path in self.folder.glob("log.db*"):
            path.unlink()

    def copy_log(self) -> None:
        """Keep a copy of the log as it is now."""
        self._checkpoint()
        shutil.copy(self.folder / "log.db", self.folder / "copy")

    def restore_log(self) -> None:
        """Put the copy in place of the log."""
        self.lose_log()
        shutil.copy(self.folder / "copy", self.folder / "log.db")

    def cut_log(self, count: int) -> None:
        """Remove the last records of the chat, as a power cut does that loses what was not synced."""
        self._execute(
            "DELETE FROM records WHERE (log_partition, log_offset) IN"
            " (SELECT log_partition, log_offset FROM records ORDER BY log_offset DESC LIMIT ?)",
            count,
        )

    def remove_first(self, count: int) -> None:
        """Remove the first records of each partition, as retention does."""
        self._execute("DELETE FROM records WHERE log_offset < ?", count)

    def _checkpoint(self) -> None:
        self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _execute(self, statement: str, *params: int) -> None:
        connection = sqlite3.connect(self.folder / "log.db")
        connection.execute(statement, params)
        connection.commit()
        connection.close()

    def forget_epochs(self) -> None:
        """Leave a store as a program without epochs wrote it."""
        connection = sqlite3.connect(self.folder / "history.db")
        for table in ("log_epochs", "log_marks", "log_ends"):
            connection.execute(f"DELETE FROM {table}")
        connection.commit()
        connection.close()


def encoded_send(chat: ChatBuilder, text: str) -> bytes:
    """Return a record of Ann who sends this text."""
    return encode(chat.event(ANN, MessageSent(uuid4(), text)))
