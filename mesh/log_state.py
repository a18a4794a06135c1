"""`chatly log`: compares the log with the store for an operator, and records accepted losses and restored backups."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from kernel.errors import ChatlyError
from kernel.log.epoch_check import LogCheck, describe_gaps
from kernel.log.epochs import LogEpoch, Ordinals, StoredLog
from kernel.log.retention import RetentionSettings, late_warning
from kernel.settings import load
from kernel.time import SystemClock
from mesh.settings import ProcessSettings

if TYPE_CHECKING:
    from kernel.log.ports import LogReader

T = TypeVar("T")

_SECONDS = 60.0
_DOCTOR_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Opened:
    store: StoredLog
    log: "LogReader"
    check: LogCheck


@dataclass(frozen=True, slots=True)
class LogFault:
    """A loss that no operator has accepted, or one that is near. `remedy` says what to do."""

    detail: str
    remedy: str


_ACCEPT = "Restore a copy that has them; or accept it with `chatly log adopt`."
_STORE = "Start the persister, or correct what its health report names. The log may remove records that are not stored."


async def log_faults(environ: Mapping[str, str], *, seconds: float = _DOCTOR_SECONDS) -> list[LogFault] | None:
    """Return each loss of the log that no operator has accepted, and records that wait too long to be stored.

    Return None if the log or the store is missing or cannot be read within `seconds`.
    """
    retention = load(RetentionSettings, environ).time
    try:
        async with asyncio.timeout(seconds), _open(environ) as opened:
            if opened is None:
                return None
            epochs = await opened.store.epochs()
            if not epochs:
                return []
            gaps = await opened.check.gaps(Ordinals(epochs))
            age = await _oldest_age(opened, Ordinals(epochs))
    except (ChatlyError, TimeoutError):
        return None
    faults = [LogFault(describe_epoch(epoch), _ACCEPT) for epoch in epochs if not epoch.adopted]
    if gaps:
        faults.append(LogFault(f"removed before it was stored: {describe_gaps(gaps)}", _ACCEPT))
    elif late := late_warning(age, retention):
        faults.append(LogFault(late, _STORE))
    return faults


async def _oldest_age(opened: _Opened, ordinals: Ordinals) -> timedelta:
    """Return the age of the oldest record that is not stored; 0 if all are stored."""
    stored, times = await opened.store.stored(), []
    for partition, end in (await opened.log.ends()).items():
        after = ordinals.offset_after(partition, stored.get(partition, -1))
        if end > after:
            times += [each.appended_at for each in await opened.log.read(partition, after=after, limit=1)]
    now = SystemClock().now().timestamp()
    return timedelta(seconds=max((now - time for time in times if time), default=0))


async def adopt(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Accept every epoch and gap, and print each of them.

    Return exit code 0, or 1 if there is no log or it cannot be compared with the store.
    """
    adopted = await _run(LogCheck.adopt, environ, say)
    if adopted is None:
        return 1
    for epoch in adopted:
        say(f"Accepted: {describe_epoch(epoch)}")
    say("The persister continues within a few seconds." if adopted else "There is nothing to accept.")
    return 0


async def restored(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Begin an epoch after the store, or log and store, were restored from a backup, before anything is appended.

    Return exit code 0, or 1 if there is no log or it cannot be compared with the store.
    """
    epoch = await _run(LogCheck.restored, environ, say)
    if epoch is None:
        return 1
    say(f"Begun: {describe_epoch(epoch)}")
    return 0


async def _run(
    action: Callable[[LogCheck], Awaitable[T]], environ: Mapping[str, str], say: Callable[[str], None]
) -> T | None:
    """Return the result of the action. Return None, and print why, if the log and the store cannot be compared."""
    try:
        async with asyncio.timeout(_SECONDS), _open(environ) as opened:
            if opened is None:
                say("There is no log in this data folder.")
                return None
            return await action(opened.check)
    except (ChatlyError, TimeoutError) as error:
        say(f"The log cannot be compared with the store: {str(error) or 'no answer'}")
        return None


async def status(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Print the state of the log. Return exit code 0 if nothing is missing, else 1."""
    faults = await log_faults(environ, seconds=_SECONDS)
    if faults is None:
        say("The log or the store cannot be read.")
        return 1
    for line in [fault.detail for fault in faults] or ["Nothing is missing."]:
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
            yield _Opened(store, log, LogCheck(log=log, store=store, clock=SystemClock()))


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
