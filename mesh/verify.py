"""`chatly verify`: checks that the stored messages, the log and the files agree. It changes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from history.model import AttachedMedia
from history.verify.compare import Fault
from history.verify.store_check import StoreCheck, Summary
from kernel.errors import ChatlyError
from kernel.settings import load
from kernel.sqlite.snapshot import fault_of
from kernel.time import SystemClock
from mesh.log_state import describe_epoch
from mesh.services import SERVICES
from mesh.settings import ProcessSettings
from services.media.model import MediaId

if TYPE_CHECKING:
    from history.open import HistoryStore
    from kernel.log.ports import LogReader
    from services.media.check_file import CheckFile

Say = Callable[[str], None]

CLEAN, FAULTY, UNCHECKED = 0, 1, 2
DATABASES = ("history.db", "log.db", "media.db", "auth.db", "presence.db")
"""The databases of a data folder."""
_CONNECT_SECONDS = 20.0
_PROGRESS_SECONDS = 5.0
_MAX_SHOWN = 1_000


class NothingToCheckError(Exception):
    """The data cannot be checked. The text says what to do."""


@dataclass(frozen=True, slots=True)
class _Opened:
    store: "HistoryStore"
    log: "LogReader"
    check_file: "CheckFile"


async def verify(environ: Mapping[str, str], say: Say, *, read_files: bool = False, pause: float = 0.5) -> int:
    """Check all stored data, print each fault and a summary.

    `read_files`: read every file, instead of comparing its size. `pause`: seconds until a fault is checked again.

    Return exit code 0 if there is no fault, 1 if there are faults, 2 if the data cannot be checked.
    """
    process = load(ProcessSettings, environ)
    faults = _Faults(say)
    try:
        if not process.distributed and not await asyncio.to_thread(_files_are_sound, process.data_dir, faults):
            say("Stop the mesh and restore a backup: see docs/operations.md.")
            return FAULTY
        async with _open(process, environ, read_files=read_files) as opened:
            check = StoreCheck(
                store=opened.store,
                log=opened.log,
                check_file=partial(_check_attachment, opened.check_file),
                report=faults.add,
                clock=SystemClock(),
                pause=pause,
            )
            progress = asyncio.create_task(_show_progress(check.summary, faults, say))
            try:
                await check()
            finally:
                progress.cancel()
            epochs = await opened.store.log.epochs()
    except (NothingToCheckError, ChatlyError) as error:
        say(f"The data could not be checked: {error}")
        return UNCHECKED
    for epoch in epochs:
        if not epoch.adopted:
            say(f"Note: {describe_epoch(epoch)}. `chatly log adopt` confirms it.")
    for line in _describe(check.summary):
        say(line)
    say(f"{faults.count:,} faults." if faults.count else "No faults.")
    return FAULTY if faults.count else CLEAN


class _Faults:
    """Prints faults as they are found, at most the first thousand."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.count = 0

    def add(self, fault: Fault) -> None:
        self.count += 1
        if self.count <= _MAX_SHOWN:
            self._say(f"FAULT  {fault}")
        elif self.count == _MAX_SHOWN + 1:
            self._say(f"More faults are counted, but not shown: there are over {_MAX_SHOWN:,}.")


async def _check_attachment(check: "CheckFile", file: AttachedMedia) -> str | None:
    return await check(MediaId(file.media_id))


async def _show_progress(summary: Summary, faults: _Faults, say: Say) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(_PROGRESS_SECONDS)
        total = f" of {summary.total_chats:,}" if summary.total_chats else ""
        say(
            f"  {time.monotonic() - started:,.0f} s: {summary.chats:,}{total} chats, {summary.messages:,} messages,"
            f" {summary.records:,} records of the log, {faults.count:,} faults"
        )


def _describe(summary: Summary) -> list[str]:
    read = f"{summary.chats:,} chats, {summary.messages:,} messages, {summary.events:,} events, {summary.files:,} files"
    lines = [f"Checked {read}, {summary.records:,} records of the log."]
    if summary.not_stored:
        lines.append(f"{summary.not_stored:,} records of the log are not stored yet: the persister stores them.")
    if summary.dead_letters:
        lines.append(f"{summary.dead_letters:,} dead letters: records that could not be stored.")
    return lines


def _files_are_sound(data_dir: Path, faults: _Faults) -> bool:
    """Report databases that SQLite cannot read. Return whether there are none."""
    for name in ("history.db", "log.db"):
        if not (data_dir / name).exists():
            raise NothingToCheckError(
                f"{data_dir.resolve()} has no {name}. Set CHATLY_DATA_DIR to the folder of a mesh that has run"
            )
    for name in DATABASES:
        if (data_dir / name).exists() and (fault := fault_of(data_dir / name)):
            faults.add(Fault(name, fault))
    return faults.count == 0


@asynccontextmanager
async def _open(process: ProcessSettings, environ: Mapping[str, str], *, read_files: bool) -> AsyncIterator[_Opened]:
    async with AsyncExitStack() as stack:
        if process.distributed:
            yield await _distributed(environ, stack, read_files=read_files)
        else:
            yield await _embedded(process.data_dir, stack, read_files=read_files)


async def _embedded(data_dir: Path, stack: AsyncExitStack, *, read_files: bool) -> _Opened:
    from history.open import open_history
    from kernel.sqlite.log import open_sqlite_log
    from services.media.wiring import open_file_check

    return _Opened(
        store=await stack.enter_async_context(open_history(data_dir)),
        log=await stack.enter_async_context(open_sqlite_log(data_dir / "log.db")),
        check_file=await stack.enter_async_context(open_file_check(data_dir, read_all=read_files)),
    )


async def _distributed(environ: Mapping[str, str], stack: AsyncExitStack, *, read_files: bool) -> _Opened:
    from history.open import cassandra_history, cassandra_schema
    from kernel.cassandra.session import open_cassandra
    from kernel.cassandra.settings import CassandraSettings
    from kernel.kafka.log import open_kafka_log
    from kernel.kafka.settings import KafkaSettings
    from kernel.s3.blob_store import open_s3_blob_store
    from kernel.s3.settings import S3Settings
    from services.media.wiring import engine_file_check

    log = await stack.enter_async_context(open_kafka_log(load(KafkaSettings, environ), patience=_CONNECT_SECONDS))
    cassandra = open_cassandra(load(CassandraSettings, environ), cassandra_schema(), SERVICES["media"].schema())
    session = await stack.enter_async_context(cassandra)
    blobs = await stack.enter_async_context(open_s3_blob_store(load(S3Settings, environ)))
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await session.ready()
    except TimeoutError:
        raise NothingToCheckError(f"{await session.health()}. Start Cassandra, or correct its address") from None
    if fault := await blobs.health():
        raise NothingToCheckError(f"{fault}. Start the S3 server, or correct its address")
    await log.ends()
    return _Opened(
        store=cassandra_history(session),
        log=log,
        check_file=engine_file_check(session, blobs, clock=SystemClock(), read_all=read_files),
    )
