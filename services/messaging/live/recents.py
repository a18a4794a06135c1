"""Events that this node has just handed out: so that each is serialised once and pushed once. Bounded."""

from collections import OrderedDict
from uuid import UUID

from services.messaging.live.outbox import Delivery
from services.messaging.live.reader import Reader

MAX_EVENTS = 8_192
MAX_BYTES = 4 << 20


class Recent:
    """One event: its bytes, and in which turns it was said on which channels."""

    __slots__ = ("delivery", "turns", "welcome")

    def __init__(self) -> None:
        self.delivery: Delivery | None = None
        self.welcome: Delivery | None = None
        """Its form for the one who joins a group by it."""
        self.turns: dict[str, int] = {}

    def reached(self, reader: Reader) -> bool:
        """Whether a stream has been given it already."""
        # Nearly always this is the first time: an empty search takes longer than the question.
        return bool(self.turns) and any(reader.heard(channel, turn) for channel, turn in self.turns.items())

    @property
    def size(self) -> int:
        return sum(len(form.data) for form in (self.delivery, self.welcome) if form is not None)


class Recents:
    """The newest events by id. One that was forgotten and comes again is delivered again."""

    def __init__(self) -> None:
        self._events: OrderedDict[UUID, Recent] = OrderedDict()
        self._bytes = 0

    def of(self, event_id: UUID) -> Recent:
        """What is known of an event; something new and empty if nothing is."""
        recent = self._events.get(event_id)
        return Recent() if recent is None else recent

    def keep(self, event_id: UUID, recent: Recent) -> None:
        """Remember it, and forget the oldest beyond the bounds."""
        if event_id not in self._events:
            self._events[event_id] = recent
            self._bytes += recent.size
        while len(self._events) > MAX_EVENTS or (self._bytes > MAX_BYTES and len(self._events) > 1):
            _, oldest = self._events.popitem(last=False)
            self._bytes -= oldest.size


class LatelyDeleted:
    """Messages that were deleted for everyone, as this node was told. Bounded: the oldest are forgotten."""

    def __init__(self) -> None:
        self._messages: OrderedDict[UUID, None] = OrderedDict()

    def add(self, message_id: UUID) -> None:
        self._messages[message_id] = None
        while len(self._messages) > MAX_EVENTS:
            self._messages.popitem(last=False)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._messages
