"""Two nodes whose bus and shared tail can be cut, and time that passes only when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from history.chat_id import ChatId
from history.model import LogEvent
from history.unstored.fallback import FallbackHotTail
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import refill
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusGap, BusMessage, BusSubscription
from kernel.errors import KernelReason, unavailable
from kernel.ids import UserId
from kernel.log.ports import LogReader, LogRecord
from services.messaging.live.follow_log import LogFollower
from tests.fakes import FakeClock
from tests.unit.history.harness import never_refused
from tests.unit.live.harness import Backend, Node, a_backend, a_node
from tests.waiting import eventually


class Network:
    """Carries messages between the buses of processes until it is cut."""

    def __init__(self) -> None:
        self.up = True
        self.buses: list[ProcessBus] = []

    def process(self) -> "ProcessBus":
        """Return the bus of one more process."""
        self.buses.append(ProcessBus(self))
        return self.buses[-1]

    def cut(self) -> None:
        self.up = False

    async def restore(self) -> None:
        self.up = True
        for bus in self.buses:
            await bus.deliver([BusGap()])

    def check(self) -> None:
        if not self.up:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "cut")


class ProcessBus:
    """LiveBus of one process. While the network is cut its messages reach this process alone."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._own = MemoryBus()

    @property
    def up(self) -> bool:
        return self._network.up

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        reached = self._network.buses if self._network.up else [self]
        for bus in reached:
            await bus.deliver(messages)

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        await self._own.deliver(messages)

    def subscribe(self) -> BusSubscription:
        return self._own.subscribe()


class SharedTail(MemoryHotTail):
    """A tail that both nodes reach through the network."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    async def add(self, event: LogEvent) -> bool:
        self._network.check()
        return await super().add(event)

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        self._network.check()
        return await super().events(chat_ids)

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        self._network.check()
        return await super().chats_of(user_id)

    async def trim(self, stored: Mapping[int, int]) -> None:
        self._network.check()
        await super().trim(stored)


class Time:
    """Lets the loops of one node sleep until `pass_` has moved the clock far enough."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.append((self._clock.monotonic() + seconds, woken))
        await woken

    @property
    def all_sleep(self) -> bool:
        """Whether both loops of the follower of each node have done what is due."""
        return len(self._sleeping) == 4

    async def pass_(self, seconds: float) -> None:
        """Move the clock in small steps; after each, wait until the followers have done what is due."""
        for _ in range(round(seconds / 0.25)):
            await eventually(lambda: self.all_sleep, "the followers sleep")
            self._clock.advance(0.25)
            due = [each for each in self._sleeping if each[0] <= self._clock.monotonic()]
            self._sleeping = [each for each in self._sleeping if each not in due]
            for _, woken in due:
                woken.set_result(None)
        await eventually(lambda: self.all_sleep, "the followers sleep")


class FollowedLog:
    """The log as the followers read it. Each read is counted, and raises `failure` while it is set."""

    def __init__(self, log: LogReader) -> None:
        self.failure: Exception | None = None
        self.reads = 0
        self._log = log

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        self._count()
        return await self._log.read(partition, after=after, limit=limit, wait=wait)

    async def ends(self) -> Mapping[int, int]:
        self._count()
        return await self._log.ends()

    async def begins(self) -> Mapping[int, int]:
        return await self._log.begins()

    async def log_id(self) -> str:
        return await self._log.log_id()

    async def identify(self) -> str:
        return await self._log.identify()

    def _count(self) -> None:
        self.reads += 1
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Pair:
    """Two nodes over one log, one store and one network."""

    network: Network
    backend: Backend
    log: FollowedLog
    one: Node
    other: Node
    time: Time


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncIterator[Pair]:
    network = Network()
    async with a_backend(folder, network.process()) as backend:
        shared, log, time = SharedTail(network), FollowedLog(backend.log), Time(backend.clock)
        async with (
            _a_following_node(backend, network, shared, log, time) as one,
            _a_following_node(backend, network, shared, log, time) as other,
        ):
            yield Pair(network, backend, log, one, other, time)


@asynccontextmanager
async def _a_following_node(
    backend: Backend, network: Network, shared: SharedTail, log: FollowedLog, time: Time
) -> AsyncIterator[Node]:
    bus, events = network.process(), backend.store.events
    tail = FallbackHotTail(
        shared=shared,
        own=MemoryHotTail(),
        refill=partial(refill, tail=shared, log=backend.log, events=events),
        read_again=never_refused,
        events=events,
        clock=backend.clock,
    )
    async with a_node(backend, bus=bus, tail=tail) as node:
        follower = LogFollower(
            bus=bus,
            log=log,
            events=events,
            tail=tail,
            watermark=node.hub.watermark,
            clock=backend.clock,
            sleep=time.sleep,
        )
        running = asyncio.create_task(follower.run())
        try:
            yield node
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
