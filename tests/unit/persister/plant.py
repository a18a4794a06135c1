"""A persister between a log in memory and a real store that may be switched off."""

from collections.abc import Mapping, Sequence
from functools import partial

from history.channels import STORED_CHANNEL, user_channel
from history.codec import decode_watermark, encode, unpack
from history.model import ChatEvent, StoredEvent
from history.open import HistoryStore
from history.ports import Applied, Window
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from kernel.errors import KernelReason, unavailable
from kernel.log.ports import LogConsumer, LogPosition, LogRecord
from kernel.retry import Backoff
from services.persister.announce import Announce
from services.persister.persist import Persist
from services.persister.progress import Progress
from services.persister.take_up import TakeUp
from tests.fakes import FakeClock, MemoryConsumer, MemoryLog
from tests.unit.history.builders import ANN, ANN_AND_BOB

GROUP = "persister"
LINGER_SECONDS = 0.02
BATCH_SIZE = 10


class SwitchableWriter:
    """RecordWriter that refuses as often as it is told to."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self.refusals = 0
        self.taken = 0

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        if self.refusals:
            self.refusals -= 1
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is away")
        self.taken += len(records)
        return await self._store.writer.apply(records)


class Plant:
    """Everything around the loop, and eyes to see what it did."""

    def __init__(self, store: HistoryStore) -> None:
        self.store = store
        self.clock = FakeClock()
        self.log = MemoryLog()
        self.bus = MemoryBus()
        self.writer = SwitchableWriter(store)
        self.progress = Progress(clock=self.clock)
        self.pauses: list[float] = []
        self._heard = self.bus.subscribe()

    def persist(self, *, consumer: LogConsumer | None = None, commit_seconds: float = 1.0) -> Persist:
        """A new loop, as after a start."""
        announce = Announce(bus=self.bus, log=self.log)
        take_up = TakeUp(log=self.log, events=self.store.events, announce=announce, batch_size=BATCH_SIZE)
        return Persist(
            consumer=consumer or MemoryConsumer(self.log, GROUP, take_up),
            writer=self.writer,
            announce=announce,
            progress=self.progress,
            clock=self.clock,
            batch_size=BATCH_SIZE,
            wait_seconds=0.001,
            commit_seconds=commit_seconds,
            linger_seconds=LINGER_SECONDS,
            backoff=Backoff(first=0.1, longest=5.0, jitter=0),
            pause=partial(_note, self.pauses),
        )

    async def append(self, *events: ChatEvent) -> LogPosition:
        """Put events on the log; the place of the last one."""
        positions = [await self.log.append(event.chat_id, encode(event)) for event in events]
        return positions[-1]

    async def listen(self) -> None:
        """Hear what Ann would hear, and the watermark."""
        await self._heard.add([STORED_CHANNEL, user_channel(ANN)])

    async def heard(self) -> list[StoredEvent | Mapping[int, int]]:
        """Events and watermarks since the last call, in order."""
        messages = [message for message in await self._heard.receive() if isinstance(message, BusMessage)]
        return [_read(message) for message in messages]

    async def seqs(self) -> list[int]:
        """Of Ann's and Bob's messages."""
        return [state.seq for state in await self.store.messages.window(ANN_AND_BOB, Window(limit=999))]


async def _note(pauses: list[float], seconds: float) -> None:
    pauses.append(seconds)


def _read(message: BusMessage) -> StoredEvent | Mapping[int, int]:
    if message.channel == STORED_CHANNEL:
        return decode_watermark(message.payload)
    unpacked = unpack(message.payload)
    assert isinstance(unpacked, StoredEvent)
    return unpacked
