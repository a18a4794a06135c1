"""Cassandra from asyncio: one session per process, connected in the background. Contains no queries."""

import asyncio
import threading
from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from cassandra import CoordinationFailure, DriverException, OperationTimedOut, Timeout, Unavailable
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from cassandra.connection import ConnectionException
from cassandra.protocol import ErrorMessage, IsBootstrappingErrorMessage, OverloadedErrorMessage, ServerError
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, PreparedStatement

from kernel.cassandra.callbacks import CallbackBridge, Row
from kernel.cassandra.connect import WriteTimes, connect, describe
from kernel.cassandra.replication import keyspace_faults
from kernel.cassandra.schema import Schema
from kernel.cassandra.settings import CassandraSettings
from kernel.errors import KernelReason, unavailable
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.time import Clock, SystemClock
from kernel.tls import plaintext_hint

UNSET = UNSET_VALUE
"""As a value, it leaves a column unchanged. None would write a tombstone."""

Params = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Params]
"""A CQL text with placeholders `?` or `:name`, and their values."""

_BACKOFF = Backoff(first=1.0, longest=1.0)
_UNREACHABLE = (
    NoHostAvailable,
    OperationTimedOut,
    Unavailable,
    Timeout,
    CoordinationFailure,
    ConnectionException,
    OverloadedErrorMessage,
    IsBootstrappingErrorMessage,
    ServerError,
)
# Error code of a conditional write that timed out because of concurrent writes. The driver has no exception for it.
_CAS_WRITE_UNKNOWN = 0x1700


class CassandraSession:
    """Runs prepared statements at LOCAL_QUORUM. Raises `STORE_UNAVAILABLE` while Cassandra is unreachable."""

    def __init__(self, *, settings: CassandraSettings, schemas: Sequence[Schema], clock: Clock) -> None:
        self._settings = settings
        self._write_times = WriteTimes(clock)
        self._schemas = schemas
        self._bridge = CallbackBridge()
        self._in_flight = asyncio.Semaphore(settings.max_in_flight)
        self._prepared: dict[str, asyncio.Task[PreparedStatement]] = {}
        self._session: Session | None = None
        self._connected = asyncio.Event()
        self._stopping = threading.Event()
        self._problem = "not connected yet"
        self._log = logger("cassandra")

    async def ready(self) -> None:
        """Return once Cassandra is connected and the tables exist."""
        await self._connected.wait()

    async def health(self) -> str | None:
        """Return why the session has not connected yet, or None once it has. Later outages only fail requests."""
        return None if self._session else f"{self._settings.where()}: {self._problem}"

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        """Run a statement and return all its rows.

        A conditional statement (`IF`) returns one row with the column `[applied]`.
        """
        rows: list[Row] = []
        async for page in self._pages(cql, params, page_size):
            rows.extend(page)
        return rows

    async def stream(self, cql: str, params: Params = (), *, page_size: int = 1_000) -> AsyncIterator[Row]:
        """Run a statement and yield its rows, fetched page by page."""
        async for page in self._pages(cql, params, page_size):
            for row in page:
                yield row

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        """Return the nodes that hold the partition with this key. Partitions with equal results may share a batch.

        Return None if there is only one node, or if the nodes are not known yet.
        """
        return self._session and partition_replicas(self._session, key)

    async def batch(self, statements: Sequence[Statement]) -> None:
        """Write rows in one unlogged batch. Of each partition, all rows are written, or none.

        A batch may have about fifty rows of one partition, or ten rows and 5 KB of partitions with equal `replicas_of`.
        """
        session = self._working_session()
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for cql, params in statements:
            batch.add(await self._prepare(session, cql), params)
        with self._errors():
            async with self._in_flight:
                answer, _ = self._bridge.send(lambda: session.execute_async(batch))
                await answer

    async def keep(self) -> None:
        """Try to connect until it succeeds. Log the reason for a failure whenever the reason changes."""
        session = await retry(self._attempt, report=self._report, backoff=_BACKOFF, is_temporary=lambda _: True)
        self._session = session
        self._log.info("connected", where=self._where(), keyspace=self._settings.keyspace)
        for fault in keyspace_faults(self._settings, session.cluster.metadata):
            self._log.warning("too few replicas", problem=fault.detail, remedy=fault.remedy)
        self._connected.set()

    def _report(self, error: Exception) -> None:
        known, self._problem = self._problem, self._describe(error)
        if self._problem != known:
            self._log.error("not available, trying again", where=self._where(), error=self._problem)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        session, self._session = self._session, None
        self._stopping.set()
        self._problem = "closed"
        if session:
            await asyncio.to_thread(session.cluster.shutdown)

    async def _attempt(self) -> Session:
        """Connect in a thread, which cannot be cancelled.

        If the caller is cancelled, the session is closed once the thread has opened it.
        """
        attempt = asyncio.ensure_future(
            asyncio.to_thread(
                connect,
                self._settings,
                self._schemas,
                stopped=self._stopping.is_set,
                write_times=self._write_times,
            )
        )
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.wait([attempt])
            if attempt.exception() is None:
                await asyncio.to_thread(attempt.result().cluster.shutdown)
            raise

    async def _pages(self, cql: str, params: Params, page_size: int) -> AsyncIterator[list[Row]]:
        session = self._working_session()
        bound = (await self._prepare(session, cql)).bind(params)
        bound.fetch_size = page_size
        with self._errors():
            async with self._in_flight:
                answer, response = self._bridge.send(lambda: session.execute_async(bound))
                page = await answer
        yield page
        while response.has_more_pages:
            yield await self._next_page(response)

    async def _next_page(self, response: ResponseFuture) -> list[Row]:
        with self._errors():
            async with self._in_flight:
                return await self._bridge.next_page(response)

    async def _prepare(self, session: Session, cql: str) -> PreparedStatement:
        """Prepare a statement once. Concurrent callers wait for the same response."""
        task = self._prepared.get(cql)
        if task is None:
            task = self._prepared[cql] = asyncio.ensure_future(asyncio.to_thread(session.prepare, cql))
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result()
        with self._errors():
            try:
                return await asyncio.shield(task)
            except Exception:
                self._prepared.pop(cql, None)
                raise

    def _describe(self, error: Exception) -> str:
        problem = describe(error)
        if self._settings.ca_file:
            return problem
        return problem + plaintext_hint(problem, setting="CHATLY_CASSANDRA_CA_FILE")

    def _working_session(self) -> Session:
        if self._session is None:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._where()} does not answer: {self._problem}")
        return self._session

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Convert errors of an unreachable Cassandra to UNAVAILABLE. Other errors are bugs and are raised unchanged."""
        try:
            yield
        except _UNREACHABLE as error:
            raise unavailable(
                KernelReason.STORE_UNAVAILABLE, f"{self._where()} does not answer: {describe(error)}"
            ) from error
        except ErrorMessage as error:
            if error.code != _CAS_WRITE_UNKNOWN:
                raise
            raise unavailable(
                KernelReason.STORE_UNAVAILABLE, f"{self._where()} could not confirm the write: {describe(error)}"
            ) from error
        except DriverException as error:
            if self._stopping.is_set():
                raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is being closed") from error
            raise

    def _where(self) -> str:
        return self._settings.where()


@asynccontextmanager
async def open_cassandra(
    settings: CassandraSettings, *schemas: Schema, clock: Clock | None = None
) -> AsyncIterator[CassandraSession]:
    """Open a session that connects in the background and migrates the schemas; close it at the end.

    `clock`: gives the timestamps of writes that have none; by default, the machine's clock.
    Callers that need the connection wait for `ready`.
    """
    session = CassandraSession(settings=settings, schemas=schemas, clock=clock or SystemClock())
    keeper = asyncio.create_task(session.keep(), name="cassandra")
    try:
        yield session
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await session.close()


# Measured: a hundred accounts take a sixth of the time of single reads. More keys per request would load one node too
# much.
_KEYS_PER_REQUEST = 25


async def select_by_keys(session: CassandraSession, cql: str, keys: Iterable[str]) -> list[Row]:
    """Return all rows of the partitions with these keys. `cql` must end with `IN ?`."""
    unique = list(set(keys))
    starts = range(0, len(unique), _KEYS_PER_REQUEST)
    pages = await asyncio.gather(
        *(session.execute(cql, (unique[start : start + _KEYS_PER_REQUEST],)) for start in starts)
    )
    return [row for page in pages for row in page]


def partition_replicas(session: Session, key: Sequence[str | int]) -> Hashable:
    """Return the nodes that hold the partition with this key; None if they are unknown or there is only one node."""
    metadata = session.cluster.metadata
    tokens = metadata.token_map
    if tokens is None or len(metadata.all_hosts()) == 1:
        return None
    replicas = tokens.get_replicas(session.keyspace, tokens.token_class.from_key(_routing_key(key)))
    return frozenset(host.address for host in replicas)


def _routing_key(key: Sequence[str | int]) -> bytes:
    """Serialise a partition key as Cassandra does.

    A single value is written alone. Of several values, each has its length before it and a zero after it.
    """
    values = [value.encode() if isinstance(value, str) else value.to_bytes(4, "big", signed=True) for value in key]
    if len(values) == 1:
        return values[0]
    return b"".join(len(value).to_bytes(2, "big") + value + b"\0" for value in values)
