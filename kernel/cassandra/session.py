"""Cassandra from asyncio: one session for a process, connected in the background. Holds no queries."""

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
from kernel.cassandra.connect import connect, why
from kernel.cassandra.schema import Schema
from kernel.cassandra.settings import CassandraSettings
from kernel.errors import KernelReason, unavailable
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.tls import plaintext_hint

UNSET = UNSET_VALUE
"""For a column that is to stay as it is: None would write a tombstone."""

Params = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Params]
"""CQL with `?` or `:name`, and what stands there."""

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
# Of a conditional write that met others and ran out of time; the driver has no exception of its own for it.
_CAS_WRITE_UNKNOWN = 0x1700


class CassandraSession:
    """Prepared statements at LOCAL_QUORUM. Until Cassandra is there every call is UNAVAILABLE `STORE_UNAVAILABLE`."""

    def __init__(self, *, settings: CassandraSettings, schemas: Sequence[Schema]) -> None:
        self._settings = settings
        self._schemas = schemas
        self._bridge = CallbackBridge()
        self._room = asyncio.Semaphore(settings.max_in_flight)
        self._prepared: dict[str, asyncio.Task[PreparedStatement]] = {}
        self._session: Session | None = None
        self._connected = asyncio.Event()
        self._stopping = threading.Event()
        self._trouble = "not connected yet"
        self._log = logger("cassandra")

    async def ready(self) -> None:
        """Return once Cassandra is connected, and its tables are there."""
        await self._connected.wait()

    async def health(self) -> str | None:
        """What keeps it from its first connection; None: nothing. Later absences show when something is asked of it."""
        return None if self._session else f"{self._settings.where()}: {self._trouble}"

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        """All rows of one prepared statement. Of a conditional one (`IF`): one row, with the column `[applied]`."""
        rows: list[Row] = []
        async for page in self._pages(cql, params, page_size):
            rows.extend(page)
        return rows

    async def stream(self, cql: str, params: Params = (), *, page_size: int = 1_000) -> AsyncIterator[Row]:
        """The rows of one prepared statement, fetched page by page as they are taken."""
        async for page in self._pages(cql, params, page_size):
            for row in page:
                yield row

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        """Which nodes hold the partition with this key (texts and ints). What has the same place may share a request.

        Where all nodes hold everything, or none is connected, that is one place.
        """
        return self._session and partition_replicas(self._session, key)

    async def batch(self, statements: Sequence[Statement]) -> None:
        """Write some rows in one unlogged batch: of each partition all of them or none.

        At most about fifty rows; of more than one partition only if they have the same place, ten and 5 KB at most.
        """
        session = self._working_session()
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for cql, params in statements:
            batch.add(await self._prepare(session, cql), params)
        with self._errors():
            async with self._room:
                answer, _ = self._bridge.ask(lambda: session.execute_async(batch))
                await answer

    async def keep(self) -> None:
        """Connect, however long that takes. Log why it fails whenever the reason changes."""
        self._session = await retry(self._attempt, report=self._report, backoff=_BACKOFF, is_temporary=lambda _: True)
        self._log.info("connected", where=self._where(), keyspace=self._settings.keyspace)
        self._connected.set()

    def _report(self, error: Exception) -> None:
        known, self._trouble = self._trouble, self._why(error)
        if self._trouble != known:
            self._log.error("not available, trying again", where=self._where(), error=self._trouble)

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        session, self._session = self._session, None
        self._stopping.set()
        self._trouble = "closed"
        if session:
            await asyncio.to_thread(session.cluster.shutdown)

    async def _attempt(self) -> Session:
        """In a thread, which cannot be cancelled: what it opens after that is closed again."""
        attempt = asyncio.ensure_future(
            asyncio.to_thread(connect, self._settings, self._schemas, stopped=self._stopping.is_set)
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
            async with self._room:
                answer, response = self._bridge.ask(lambda: session.execute_async(bound))
                page = await answer
        yield page
        while response.has_more_pages:
            yield await self._next_page(response)

    async def _next_page(self, response: ResponseFuture) -> list[Row]:
        with self._errors():
            async with self._room:
                return await self._bridge.next_page(response)

    async def _prepare(self, session: Session, cql: str) -> PreparedStatement:
        """Once for each statement; those who ask meanwhile wait for the same answer."""
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

    def _why(self, error: Exception) -> str:
        told = why(error)
        return told if self._settings.ca_file else told + plaintext_hint(told, setting="CHATLY_CASSANDRA_CA_FILE")

    def _working_session(self) -> Session:
        if self._session is None:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._where()} does not answer: {self._trouble}")
        return self._session

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Anything else that the driver raises is a defect of ours, and stays what it is."""
        try:
            yield
        except _UNREACHABLE as error:
            raise unavailable(
                KernelReason.STORE_UNAVAILABLE, f"{self._where()} does not answer: {why(error)}"
            ) from error
        except ErrorMessage as error:
            if error.code != _CAS_WRITE_UNKNOWN:
                raise
            raise unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._where()} was not sure: {why(error)}") from error
        except DriverException as error:
            if self._stopping.is_set():
                raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is being closed") from error
            raise

    def _where(self) -> str:
        return self._settings.where()


@asynccontextmanager
async def open_cassandra(settings: CassandraSettings, *schemas: Schema) -> AsyncIterator[CassandraSession]:
    """A session that connects in the background, migrates the schemas, and is closed at the end.

    Wait for `ready` where nothing can be done without it.
    """
    session = CassandraSession(settings=settings, schemas=schemas)
    keeper = asyncio.create_task(session.keep(), name="cassandra")
    try:
        yield session
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await session.close()


# Measured: a hundred accounts cost a sixth of what they do one by one. More at once would burden one coordinator.
_AT_ONCE = 25


async def select_by_keys(session: CassandraSession, cql: str, keys: Iterable[str]) -> list[Row]:
    """All rows of these partitions; `cql` ends with `IN ?`."""
    asked = list(set(keys))
    starts = range(0, len(asked), _AT_ONCE)
    pages = await asyncio.gather(*(session.execute(cql, (asked[start : start + _AT_ONCE],)) for start in starts))
    return [row for page in pages for row in page]


def partition_replicas(session: Session, key: Sequence[str | int]) -> Hashable:
    """The nodes that hold the partition with this key, in no order; None where that is the same for all partitions."""
    metadata = session.cluster.metadata
    tokens = metadata.token_map
    if tokens is None or len(metadata.all_hosts()) == 1:
        return None
    replicas = tokens.get_replicas(session.keyspace, tokens.token_class.from_key(_routing_key(key)))
    return frozenset(host.address for host in replicas)


def _routing_key(key: Sequence[str | int]) -> bytes:
    """As Cassandra writes a partition's key: the value, or each with its length before it and a zero behind."""
    values = [value.encode() if isinstance(value, str) else value.to_bytes(4, "big", signed=True) for value in key]
    if len(values) == 1:
        return values[0]
    return b"".join(len(value).to_bytes(2, "big") + value + b"\0" for value in values)
