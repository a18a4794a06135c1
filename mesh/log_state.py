"""`chatly log`: compares the log with the store for an operator, and records accepted losses and restored backups."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kernel.errors import ChatlyError
from kernel.log.epoch_check import LogCheck, describe_gaps
from kernel.log.epochs import LogEpoch, Ordinals, StoredLog
from kernel.log.retention import RetentionSettings
from kernel.settings import load
from kernel.time import SystemClock
from mesh.settings import ProcessSettings

if TYPE_CHECKING:
    from kernel.log.ports import LogReader

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Opened:
    store: StoredLog
    check: LogCheck


async def log_faults(environ: Mapping[str, str]) -> list[str] | None:
    """Return a description of each loss of the log that no operator has accepted.

    Return None if the log or the store is missing or cannot be read.
    """
    try:
        async with asyncio.timeout(_SECONDS), _open(environ) as opened:
            if opened is None:
                return None
            epochs = await opened.store.epochs()
            if not epochs:
                return []
            gaps = await opened.check.gaps(Ordinals(epochs))
    except (ChatlyError, TimeoutError):
        return None
    faults = [describe_epoch(epoch) for epoch in epochs if not epoch.adopted]
    return [*faults, f"removed before it was stored: {describe_gaps(gaps)}"] if gaps else faults


async def adopt(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Accept every epoch and gap, and print each of them.

    Return exit code 0, or 1 if there is no log or it cannot be compared with the store.
    """
    try:
        async with asyncio.timeout(_SECONDS), _open(environ) as opened:
            if opened is None:
                say("There is no log in this data folder.")
                return 1
            adopted = await opened.check.adopt()
    except (ChatlyError, TimeoutError) as error:
        say(f"The log cannot be compared with the store: {str(error) or 'no answer'}")
        return 1
    for epoch in adopted:
        say(f"Accepted: {describe_epoch(epoch)}")
    say("The persister continues within a few seconds." if adopted else "There is nothing to accept.")
    return 0


async def restored(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Begin an epoch after log and store were restored from a backup. Nothing may have been appended since.

    Return exit code 0, or 1 if there is no log or it cannot be compared with the store.
    """
    try:
        async with asyncio.timeout(_SECONDS), _open(environ) as opened:
            if opened is None:
                say("There is no log in this data folder.")
                return 1
            epoch = await opened.check.restored()
    except (ChatlyError, TimeoutError) as error:
        say(f"The log cannot be compared with the store: {str(error) or 'no answer'}")
        return 1
    say(f"Begun: {describe_epoch(epoch)}")
    return 0


async def status(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Print the state of the log. Return exit code 0 if nothing is missing, else 1."""
    faults = await log_faults(environ)
    for line in ["The log or the store cannot be read."] if faults is None else faults or ["Nothing is missing."]:
        say(line)
    return 0 if faults == [] else 1


def describe_epoch(epoch: LogEpoch) -> str:
    """Return the number, the time and the detail of an epoch as text."""
    return (
        f"epoch {epoch.number} since {datetime.fromtimestamp(epoch.begun_at, UTC):%Y-%m-%d %H:%M} UTC: {epoch.detail}"
    )


@asynccontextmanager
async def _open(environ: Mapping[str, str]) -> AsyncIterator[_Opened | None]:
    process = load(ProcessSettings, environ)
    async with AsyncExitStack() as stack:
        opened = await (_distributed(environ, stack) if process.distributed else _embedded(process, stack))
        if opened is None:
            yield None
        else:
            store, log = opened
            yield _Opened(store, LogCheck(log=log, store=store, clock=SystemClock()))


async def _embedded(process: ProcessSettings, stack: AsyncExitStack) -> "tuple[StoredLog, LogReader] | None":
    from history.open import open_history
    from kernel.sqlite.log import open_sqlite_log

    path = process.data_dir / "log.db"
    if not path.exists() or not (process.data_dir / "history.db").exists():
        return None
    log = await stack.enter_async_context(open_sqlite_log(path))
    return (await stack.enter_async_context(open_history(process.data_dir))).log, log


async def _distributed(environ: Mapping[str, str], stack: AsyncExitStack) -> "tuple[StoredLog, LogReader]":
    from history.open import cassandra_history, cassandra_schema
    from kernel.cassandra.session import open_cassandra
    from kernel.cassandra.settings import CassandraSettings
    from kernel.kafka.log import open_kafka_log
    from kernel.kafka.settings import KafkaSettings

    retention = load(RetentionSettings, environ)
    log = await stack.enter_async_context(open_kafka_log(load(KafkaSettings, environ), retention=retention))
    session = await stack.enter_async_context(open_cassandra(load(CassandraSettings, environ), cassandra_schema()))
    await session.ready()
    return cassandra_history(session).log, log
