"""What waits to be written to one stream: bounded, and handed out as one piece of bytes. Knows no gRPC."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from history.chat_id import ChatId
from kernel.errors import ChatlyError, Code
from services.messaging.errors import MessagingReason
from services.messaging.live.pace import Pace, Paced

MAX_BYTES = 1 << 20
MAX_EVENTS = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One serialized SubscribeResponse; the same object waits in the outbox of every stream it goes to."""

    data: bytes
    event_id: UUID | None = None
    """None: it does not last, and is left out when room is short."""
    chat_id: ChatId | None = None


class Outbox(Paced):
    """A queue with one reader.

    Past its bounds it sheds what does not last. If that is not enough: while the reader is replaying (`holding`) the
    rest is dropped too, and `gap` asks for another replay; else the stream ends with SLOW_READER.
    """

    __slots__ = ("_bytes", "_error", "_news", "_pace", "_queue", "_waiting", "closing", "gap", "holding")

    def __init__(self, pace: Pace | None = None) -> None:
        """`pace`: of its node; None: its reader looks at once whenever something comes."""
        super().__init__()
        self._pace = pace
        # Empty most of the time, when a deque would take ten times as much.
        self._queue: list[Delivery] = []
        self._bytes = 0
        # An asyncio.Event does the same; for thousands of streams this is a third of the time and of the memory.
        self._news = False
        self._waiting: asyncio.Future[None] | None = None
        self._error: ChatlyError | None = None
        self.closing = False
        """Whether the stream is to end when this is empty."""
        self.holding = True
        self.gap = False

    def push(self, delivery: Delivery) -> None:
        """Never waits."""
        if self.closing or self._error is not None:
            return
        if self._has_room_for(delivery):
            self._append(delivery)
        elif delivery.event_id is not None:
            self.sift(lambda waiting: waiting.event_id is not None)
            self._append_or_give_up(delivery)

    def _append_or_give_up(self, delivery: Delivery) -> None:
        if self._has_room_for(delivery):
            self._append(delivery)
        elif self.holding:
            self.sift(lambda _: False)
            self.ask_for_replay()
        else:
            self.fail(_slow_reader())

    def _has_room_for(self, delivery: Delivery) -> bool:
        return self._bytes + len(delivery.data) <= MAX_BYTES and len(self._queue) < MAX_EVENTS

    def _append(self, delivery: Delivery) -> None:
        self._queue.append(delivery)
        self._bytes += len(delivery.data)
        if self._pace is None:
            self.look()
        elif not self._news:
            self._pace.stir(self)

    def sift(self, keep: Callable[[Delivery], bool]) -> None:
        """Drop what is not to be kept."""
        self._queue = [delivery for delivery in self._queue if keep(delivery)]
        self._bytes = sum(len(delivery.data) for delivery in self._queue)

    def ask_for_replay(self) -> None:
        """Something may be missing here: the reader is to replay from its cursor."""
        self.gap = True
        self.look()

    def fail(self, error: ChatlyError) -> None:
        """End the stream with an error, without what still waits."""
        self.sift(lambda _: False)
        self._error = error
        self.look()

    def finish(self, last: Delivery) -> None:
        """End the stream well, after what still waits and a last word."""
        self._append(last)
        self.closing = True
        self.look()

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.closing and not self._queue

    def look(self) -> None:
        """Let the reader look around, now."""
        self._news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        """Return when something has happened here since the last return. One task waits at a time."""
        if not self._news:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        self._news = False

    def take(self) -> bytes:
        """Everything that waits, joined; may be empty. Raise what the stream is to end with."""
        if self._error is not None:
            raise self._error
        data = b"".join([delivery.data for delivery in self._queue])
        self._queue.clear()
        self._bytes = 0
        return data


def _slow_reader() -> ChatlyError:
    message = "this stream is read too slowly: subscribe again with the last cursor"
    return ChatlyError(Code.RESOURCE_EXHAUSTED, MessagingReason.SLOW_READER, message, retry_after=1.0)
