"""Fakes that behave like the real thing: a clock that tests set, a log in memory, a running service, a platform."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.bus.memory import MemoryBus
from kernel.bus.ports import LiveBus
from kernel.grpc.client import open_channel
from kernel.grpc.server import RunningServer, serve
from kernel.grpc.settings import ServerSettings
from kernel.grpc.tls import MeshTls
from kernel.grpc.tokens import ServiceTokens, TokenVerifier
from kernel.log.ports import EventLog, LogConsumer, LogPosition, LogReader, LogRecord, Resume
from kernel.platform import Platform
from kernel.rates import UserRates
from kernel.runner import background
from kernel.service import Service
from kernel.time import Clock, SystemClock
from tests.builders import NOON, Keypair, a_keypair, user_token

SECRET = b"a secret that only the tests know"

grpc_engine = "grpcio"
"""Library of the gRPC servers. The fixture in tests/rpc/engines.py changes it."""


class FakeClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set(self, now: datetime) -> None:
        """Set the wall clock only; it may go back."""
        self._now = now


class StaticKeys:
    """TokenKeys with fixed keys. `revoked` may be changed at any time."""

    def __init__(self, *keypairs: Keypair) -> None:
        self._keys = {keypair.kid: keypair.public for keypair in keypairs}
        self.revoked: set[str] = set()

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        return self._keys.get(kid)


@dataclass
class MemoryLog:
    """EventLog and LogReader in memory: 4 partitions, offsets without gaps from 0."""

    identity: str = "memory-log"
    partitions: int = 4
    unavailable: Exception | None = None
    """Raised by `append` while set."""
    clock: Clock = field(default_factory=SystemClock)
    _records: dict[int, list[LogRecord]] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _committed: dict[tuple[str, int], int] = field(default_factory=dict)

    async def append(self, key: str, value: bytes) -> LogPosition:
        if self.unavailable is not None:
            raise self.unavailable
        partition = crc32(key.encode()) % self.partitions
        records = self._records.setdefault(partition, [])
        position = LogPosition(partition, len(records))
        records.append(LogRecord(position, key, value, self.clock.now().timestamp()))
        self._grown.set()
        self._grown = asyncio.Event()
        return position

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        await self._until(lambda: len(self._records.get(partition, ())) > after + 1, wait)
        return self._records.get(partition, [])[after + 1 : after + 1 + limit]

    async def ends(self) -> Mapping[int, int]:
        return {partition: len(self._records.get(partition, ())) - 1 for partition in range(self.partitions)}

    async def begins(self) -> Mapping[int, int]:
        return dict.fromkeys(range(self.partitions), 0)

    async def log_id(self) -> str:
        return self.identity

    async def identify(self) -> str:
        return self.identity

    @asynccontextmanager
    async def consumer(self, group: str, *, resume: Resume | None = None) -> AsyncIterator[LogConsumer]:
        yield MemoryConsumer(self, group, resume)

    def records(self) -> list[LogRecord]:
        """Return every appended record, partition by partition."""
        return [record for partition in sorted(self._records) for record in self._records[partition]]

    def committed(self, group: str, partition: int) -> int:
        return self._committed.get((group, partition), -1)

    def commit(self, group: str, offsets: Mapping[int, int]) -> None:
        for partition, offset in offsets.items():
            self._committed[group, partition] = max(offset, self.committed(group, partition))

    async def wait_for_growth(self, seconds: float) -> None:
        grown = self._grown
        try:
            async with asyncio.timeout(seconds):
                await grown.wait()
        except TimeoutError:
            return

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition() and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await self.wait_for_growth(left)


@dataclass(frozen=True)
class OneLog:
    """A log that never gets a second epoch."""

    identity: str

    async def knows(self, identity: str, offsets: Mapping[int, int]) -> bool:
        return identity == self.identity

    async def stored_offsets(self) -> Mapping[int, int]:
        return {}


class MemoryConsumer:
    """LogConsumer of MemoryLog: the only member of its group."""

    def __init__(self, log: MemoryLog, group: str, resume: Resume | None = None) -> None:
        self._log = log
        self._group = group
        self._resume = resume
        self._knows_where = resume is None
        self._positions = {partition: log.committed(group, partition) for partition in range(log.partitions)}

    async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
        if self._resume is not None and not self._knows_where:
            self._positions = dict.fromkeys(self._positions, -1) | dict(await self._resume(self._positions))
            self._knows_where = True
        found = await self._take(max_records)
        if not found and wait > 0:
            await self._log.wait_for_growth(wait)
            found = await self._take(max_records)
        return found

    async def rewind(self) -> None:
        self._knows_where = self._resume is None
        self._positions = {partition: self._log.committed(self._group, partition) for partition in self._positions}

    async def commit(self, offsets: Mapping[int, int]) -> None:
        self._log.commit(self._group, offsets)

    async def lag(self) -> Mapping[int, int]:
        ends = await self._log.ends()
        return {partition: end - self._log.committed(self._group, partition) for partition, end in ends.items()}

    async def _take(self, limit: int) -> list[LogRecord]:
        found: list[LogRecord] = []
        for partition, after in self._positions.items():
            records = await self._log.read(partition, after=after, limit=limit - len(found))
            if records:
                self._positions[partition] = records[-1].position.offset
                found.extend(records)
        return found


class Mesh:
    """Shared by the servers of one test: a clock, the keys of their tokens, and the secret of services."""

    def __init__(self, *, clock: Clock | None = None, keypair: Keypair | None = None, secret: bytes = SECRET) -> None:
        self.clock = clock or SystemClock()
        self.keypair = keypair or a_keypair()
        self.secret = secret
        self.keys = StaticKeys(self.keypair)
        self.tokens = TokenVerifier(keys=self.keys, clock=self.clock)
        self.service_tokens = ServiceTokens(secret, clock=self.clock)

    def token_for(
        self,
        user_id: str,
        *,
        session_id: str | None = None,
        life: float = 900,
        claims: Mapping[str, object] | None = None,
    ) -> str:
        """Return an access token that this mesh's servers accept; `life` in seconds."""
        return user_token(
            user_id,
            keypair=self.keypair,
            now=self.clock.now(),
            session_id=session_id,
            life=timedelta(seconds=life),
            claims=claims,
        )


@dataclass(frozen=True, kw_only=True)
class Served:
    """A service that runs on free ports, with a channel to it."""

    server: RunningServer
    channel: grpc.aio.Channel
    """Sends no token by default: pass `metadata=served.as_user(user_id)`."""
    mesh: Mesh

    def token_for(self, user_id: str, *, session_id: str | None = None, life: float = 900) -> str:
        return self.mesh.token_for(user_id, session_id=session_id, life=life)

    def as_user(self, user_id: str, *, session_id: str | None = None, life: float = 900) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a call by this user."""
        return bearer(self.token_for(user_id, session_id=session_id, life=life))

    def as_service(self, name: str = "tester") -> tuple[tuple[str, str], ...]:
        """Return the metadata of a call by this service."""
        return bearer(self.mesh.service_tokens.issue(name))

    @property
    def http(self) -> str:
        """Base URL of the HTTP API, for example `http://127.0.0.1:1234`."""
        return f"http://{self.server.host}:{self.server.http_port}"


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@asynccontextmanager
async def running(
    service: Service,
    *,
    mesh: Mesh | None = None,
    settings: ServerSettings | None = None,
    loops: bool = True,
    tls: MeshTls | None = None,
) -> AsyncIterator[Served]:
    """Serve on free ports of 127.0.0.1, with the background loops. Services that call each other share `mesh`."""
    mesh = mesh or Mesh()
    settings = replace(settings or ServerSettings(grace_seconds=1.0, user_rates=0), grpc_engine=grpc_engine)
    rates = UserRates(clock=mesh.clock, factor=settings.user_rates)
    tokens = TokenVerifier(keys=service.token_keys, clock=mesh.clock) if service.token_keys else mesh.tokens
    async with (
        serve(
            service, settings=settings, tokens=tokens, service_tokens=mesh.service_tokens, rates=rates, tls=tls
        ) as server,
        _channel_to(server, tls) as channel,
        background(service.loops if loops else {}),
    ):
        yield Served(server=server, channel=channel, mesh=mesh)


def _channel_to(server: RunningServer, tls: MeshTls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(server.address)
    return open_channel(server.address, forward="none", tls=tls, peer=server.name)


@asynccontextmanager
async def a_platform(
    *,
    data_dir: Path,
    clock: Clock | None = None,
    bus: LiveBus | None = None,
    log: MemoryLog | None = None,
    addresses: Mapping[str, str] | None = None,
    mesh: Mesh | None = None,
    name: str = "tester",
) -> AsyncIterator[Platform]:
    """Yield a platform in memory. `addresses`: service name → `host:port` of the services that the test runs.

    Every call to a service without an address fails with UNAVAILABLE.
    """
    mesh = mesh or Mesh(clock=clock or SystemClock())
    log = log or MemoryLog(identity=secrets.token_hex(8))
    reader: LogReader = log
    events: EventLog = log
    async with AsyncExitStack() as opened:
        known: dict[tuple[str, str], grpc.aio.Channel] = {}

        def channel(service: str, forward: str) -> grpc.aio.Channel:
            if (service, forward) not in known:
                made = open_channel(
                    (addresses or {}).get(service, "127.0.0.1:1"),
                    forward="user" if forward == "user" else "service",
                    service_tokens=mesh.service_tokens,
                    name=name,
                )
                opened.push_async_callback(made.close)
                known[service, forward] = made
            return known[service, forward]

        yield Platform(
            clock=clock or mesh.clock,
            bus=bus or MemoryBus(),
            log=events,
            log_reader=reader,
            log_consumer=log.consumer,
            user_channel=lambda service: channel(service, "user"),
            service_channel=lambda service: channel(service, "service"),
            service_secret=mesh.secret,
            data_dir=data_dir,
        )
