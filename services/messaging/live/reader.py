"""One open subscription as the hub sees it: whose it is, what it hears, and how far it has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from history.chat_id import ChatId
from history.model import Membership, StoredEvent
from kernel.ids import UserId, time_key
from kernel.log.ports import LogPosition
from services.messaging.live.outbox import Delivery, Outbox
from services.messaging.live.pace import Pace
from services.messaging.live.watermark import covers


@dataclass(slots=True)
class Span:
    """From when to when a channel was heard, in turns of the hub. `left` None: still."""

    joined: int
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """A group that the user came into while this stream was open; what happened in it since is still to be fetched."""

    stored: StoredEvent
    delivery: Delivery


class Reader:
    """The state of one stream. Changed by the hub and by the one task that serves the stream."""

    __slots__ = (
        "_memberships",
        "_spans",
        "_told",
        "beat_due",
        "cursor",
        "cursor_due",
        "gone",
        "joins",
        "outbox",
        "replayed",
        "user_id",
    )

    def __init__(self, user_id: UserId, pace: Pace | None = None) -> None:
        self.user_id = user_id
        self.outbox = Outbox(pace)
        self.joins: list[Join] = []
        """Not yet told."""
        self.replayed = 0
        """How many events the last replay told."""
        self.gone = False
        """Whether the stream has ended; it enters no channel any more."""
        self.cursor: Mapping[int, int] = {}
        """Everything at or below has been pushed to this stream (partition → offset)."""
        self.cursor_due = False
        """Whether the next write carries the cursor even if it has not moved."""
        self.beat_due: float | None = None
        """When the next heartbeat is due, on the clock's monotonic scale; None: not decided yet."""
        self._told: dict[UUID, LogPosition] = {}
        self._spans: dict[str, Span] = {}
        self._memberships: dict[ChatId, Membership] = {}

    def enter(self, channel: str, turn: int) -> None:
        """Hear a channel from the next turn on."""
        if not self.hears(channel):
            self._spans[channel] = Span(turn)

    def leave(self, channel: str, turn: int) -> None:
        """Hear a channel no more after this turn."""
        if self.hears(channel):
            self._spans[channel].left = turn

    def hears(self, channel: str) -> bool:
        span = self._spans.get(channel)
        return span is not None and span.left is None

    def heard(self, channel: str, turn: int) -> bool:
        """Whether what was said on a channel in a turn reached this stream."""
        span = self._spans.get(channel)
        return span is not None and span.joined < turn and (span.left is None or turn <= span.left)

    @property
    def channels(self) -> list[str]:
        """What it hears now."""
        return [channel for channel, span in self._spans.items() if span.left is None]

    def note_told(self, events: Iterable[StoredEvent]) -> None:
        """These need not come again: they were replayed, or lie before the beginning of this stream."""
        self._told.update((item.event.event_id, item.position) for item in events)

    def was_told(self, event_id: UUID | None) -> bool:
        """Whether it was noted as told, and may still come by the bus."""
        # Nearly always nothing is noted, and every stream is asked about every event: a UUID's hash takes its time.
        return bool(self._told) and event_id in self._told

    def learn(self, chat_id: ChatId, membership: Membership) -> bool:
        """Take note of the user's place in a group; False if that, or something newer, was known."""
        known = self._memberships.get(chat_id)
        if known is not None and time_key(known.event_id) >= time_key(membership.event_id):
            return False
        self._memberships[chat_id] = membership
        return True

    @property
    def groups(self) -> set[ChatId]:
        """Those that the user is in, as far as known."""
        return {chat_id for chat_id, place in self._memberships.items() if place.role is not None}

    def advance(self, stored: Mapping[int, int]) -> bool:
        """Move the cursor to the node's watermark unless it is ahead of it; say whether it moved."""
        if self.cursor is stored or not covers(stored, self.cursor):
            return False
        self.cursor = stored
        # What lies behind the node's watermark comes by the bus no more.
        self._told = {key: place for key, place in self._told.items() if not _lies_behind(place, stored)}
        return True


def _lies_behind(place: LogPosition, watermark: Mapping[int, int]) -> bool:
    return place.offset <= watermark.get(place.partition, -1)
