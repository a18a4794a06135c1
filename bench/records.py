"""Log records of 1:1 messages, as a persister reads them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zlib import crc32

from history.chat_id import ChatId
from history.codec import encode
from history.model import ChatEvent, MessageSent
from kernel.ids import HybridClock, UserId
from kernel.log.ports import LogPosition, LogRecord
from tests.builders import a_send_id

PARTITIONS = 4
TEXT = "x" * 200


class Backwards:
    """A clock whose time is set."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


def people() -> ChatId:
    """Return a new 1:1 chat."""
    return ChatId.direct(UserId(str(uuid4())), UserId(str(uuid4())))


class Records:
    """Assigns each message the next offset in its partition."""

    def __init__(self, *, age: timedelta = timedelta()) -> None:
        """`age`: age of the messages."""
        self._clock = Backwards(datetime.now(UTC) - age)
        self._ids = HybridClock(clock=self._clock)
        self._ends = dict.fromkeys(range(PARTITIONS), -1)

    def message(self, chat_id: ChatId) -> LogRecord:
        """Return the next message, one second after the one before."""
        self._clock.moment += timedelta(milliseconds=1)
        event = ChatEvent(
            event_id=self._ids.next(),
            chat_id=chat_id,
            actor_id=chat_id.members[0],
            occurred_at=self._clock.moment,
            change=MessageSent(a_send_id(self._clock.moment), TEXT),
            request_id=uuid4().hex,
        )
        partition = crc32(chat_id.encode()) % PARTITIONS
        self._ends[partition] += 1
        return LogRecord(LogPosition(partition, self._ends[partition]), chat_id, encode(event))

    def batches(self, chats: list[ChatId], *, number: int, size: int) -> Iterator[list[LogRecord]]:
        """Return batches that alternate between the chats."""
        place = 0
        for _ in range(number):
            yield [self.message(chats[(place + each) % len(chats)]) for each in range(size)]
            place += size
