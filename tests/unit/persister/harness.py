"""A persister between a log in memory and a real store that can be made unavailable."""

from collections.abc import Mapping, Sequence
from functools import partial

from history.audience import STORED_CHANNEL, user_channel
from history.codec import encode, unpack
from history.model import ChatEvent, LogEvent
from history.open import HistoryStore
from history.ports import Applied, Window
from history.watermark import decode_watermark
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from kernel.errors import KernelReason, unavailable
from kernel.log.ports import LogConsumer, LogPosition, LogRecord
from kernel.retry import Backoff
from services.persister.persist import Persist
from services.persister.progress import Progress
from services.persister.publish_stored import PublishStored
from services.persister.resume_point import ResumePoint
from tests.fakes import FakeClock, MemoryConsumer, MemoryLog
from tests.unit.history.builders import ANN, ANN_AND_BOB

GROUP = "persister"
LINGER_SECONDS = 0.02
BATCH_SIZE = 10


class SwitchableWriter:
    """RecordWriter that fails for the next `failures` calls."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self.failures = 0
        self.applied = 0

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        if self.failures:
            self.failures -= 1
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")
        self.applied += len(records)
        return await self._store.writer.apply(records)


class Persister:
    """The parts around the persist loop, with access to their state."""

    def __init__(self, store: HistoryStore) -> None:
        self.store = store
        self.clock = FakeClock()
        self.log = MemoryLog(clock=self.clock)
        self.bus = MemoryBus()
        self.writer = SwitchableWriter(store)
        self.progress = Progress(clock=self.clock)
        self.pauses: list[float] = []
        self._subscription = self.bus.subscribe()

    def persist(self, *, consumer: LogConsumer | None = None, commit_seconds: float = 1.0) -> Persist:
        """Return a new loop, as after a process start."""
        publish = PublishStored(bus=self.bus, log=self.log)
        resume = ResumePoint(log=self.log, events=self.store.events, publish=publish, batch_size=BATCH_SIZE)
        return Persist(
            consumer=consumer or MemoryConsumer(self.log, GROUP, resume),
            writer=self.writer,
            publish=publish,
            progress=self.progress,
            clock=self.clock,
            batch_size=BATCH_SIZE,
            wait_seconds=0.001,
            commit_seconds=commit_seconds,
            linger_seconds=LINGER_SECONDS,
            backoff=Backoff(first=0.1, longest=5.0, jitter=0),
            pause=partial(_record, self.pauses),
        )

    async def append(self, *events: ChatEvent) -> LogPosition:
        """Append events to the log and return the position of the last one."""
        positions = [await self.log.append(event.chat_id, encode(event)) for event in events]
        return positions[-1]

    async def subscribe(self) -> None:
        """Subscribe to Ann's channel and to the watermark."""
        await self._subscription.add([STORED_CHANNEL, user_channel(ANN)])

    async def received(self) -> list[LogEvent | Mapping[int, int]]:
        """Return the events and watermarks since the last call, in order."""
        messages = [message for message in await self._subscription.receive() if isinstance(message, BusMessage)]
        return [_read(message) for message in messages]

    async def seqs(self) -> list[int]:
        """Return the `seq` of each message of Ann and Bob."""
        return [state.seq for state in await self.store.messages.window(ANN_AND_BOB, Window(limit=999))]


async def _record(pauses: list[float], seconds: float) -> None:
    pauses.append(seconds)


def _read(message: BusMessage) -> LogEvent | Mapping[int, int]:
    if message.channel == STORED_CHANNEL:
        return decode_watermark(message.payload)
    unpacked = unpack(message.payload)
    assert isinstance(unpacked, LogEvent)
    return unpacked
