"""The state of one subscription. Only this file changes it; other files call its methods."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from history.chat_id import ChatId
from history.model import ChatEvent, HiddenRange, LogEvent, Membership
from history.visibility import hides
from kernel.errors import ChatlyError, Code
from kernel.ids import UserId, time_key
from kernel.log.epochs import covers
from kernel.log.ports import LogPosition
from services.messaging.errors import MessagingReason
from services.messaging.live.encoding import Delivery
from services.messaging.live.send_queue import SendQueue, WriteBatcher


class Phase(Enum):
    """The phases of a stream. The package docstring shows how they follow each other."""

    REPLAYING = auto()
    """Past events are being sent, and new events wait in the queue. If the queue overflows, another round follows."""
    LIVE = auto()
    """Events are sent as they arrive. If the queue overflows, the stream fails."""
    DRAINING = auto()
    """No more events are accepted. The stream ends once it has sent its queue or raised its error."""
    CLOSED = auto()
    """The stream has ended."""


_ACCEPTING = (Phase.LIVE, Phase.REPLAYING)


@dataclass(frozen=True, slots=True)
class Join:
    """A group that the user joined while the stream was open, and whose recent events are still to be sent."""

    stored: LogEvent
    delivery: Delivery


@dataclass(slots=True)
class _OnChannel:
    """The sequence numbers that a stream receives on a channel: above `after`, up to `last`.

    `last` is None while the stream is on the channel.
    """

    after: int
    last: int | None = None


class Subscriber:
    """One open stream: its phase, queue, cursor, channels and group memberships."""

    __slots__ = (
        "_channels",
        "_complete",
        "_cursor_due",
        "_error",
        "_heartbeat_at",
        "_memberships",
        "_queue",
        "cursor",
        "gap",
        "hidden",
        "joins",
        "known",
        "phase",
        "replayed_count",
        "user_id",
    )

    def __init__(self, user_id: UserId, batcher: WriteBatcher) -> None:
        self.user_id = user_id
        self.phase = Phase.REPLAYING
        self.gap = False
        """Whether events may be missing, so that a replay from the cursor is needed."""
        self.joins: list[Join] = []
        """Joins whose recent events are still to be sent, in the order of joining."""
        self.cursor: Mapping[int, int] = {}
        """The offsets (partition → offset) up to which every event has been sent or queued."""
        self.known: dict[UUID, LogPosition] = {}
        """Events to skip when the bus delivers them, because they were replayed or precede the stream."""
        self.replayed_count = 0
        """The number of events that the last replay sent."""
        self._queue = SendQueue(batcher)
        self._error: ChatlyError | None = None
        self._complete = False
        """Whether no replay is running. The cursor moves only then."""
        self._cursor_due = False
        """Whether the next write carries the cursor even if it has not moved."""
        self._heartbeat_at: float | None = None
        """When the next heartbeat is due, on the clock's monotonic scale; None until the first one is scheduled."""
        self._channels: dict[str, _OnChannel] = {}
        self._memberships: dict[ChatId, Membership] = {}
        self.hidden: dict[ChatId, tuple[HiddenRange, ...]] = {}
        """The messages that the user may not see, for groups that have or had such messages. Empty for nearly all."""

    # Phases

    def begin_replay(self, since: Mapping[int, int] | None = None) -> None:
        """Start a replay of all events after `since` (partition → offset), or after the cursor if `since` is None."""
        if since is not None:
            self.cursor = since
        if self.phase is Phase.LIVE:
            self.phase = Phase.REPLAYING
        self.gap = True
        self._complete = False
        self.replayed_count = 0

    def begin_round(self) -> bool:
        """Return whether the replay needs a round, and begin it.

        The replay needs a first round, and another round after each one during which events were lost.
        """
        needed, self.gap = self.gap, False
        return needed

    def end_round(self, stored: Mapping[int, int], *, replayed: int) -> None:
        """Move the cursor to the offsets `stored`, and count the events that the round has replayed.

        The events up to these offsets were sent, or the client was asked to reload its chats.
        """
        self.cursor = stored
        self.replayed_count += replayed

    def go_live(self, cursor: Mapping[int, int] | None = None) -> None:
        """End the replay, so that events are sent as they arrive. A draining stream continues to drain.

        Move the cursor to `cursor` unless it is None.
        """
        if cursor is not None:
            self.cursor = cursor
        self._complete = True
        if self.phase is Phase.REPLAYING:
            self.phase = Phase.LIVE

    def drain(self, last: Delivery) -> None:
        """End the stream once it has sent its queue and then this last delivery."""
        if self.phase in _ACCEPTING:
            self.phase = Phase.DRAINING
            self._queue.add_last(last)

    def fail(self, error: ChatlyError) -> None:
        """End the stream with an error, and drop its queue."""
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.DRAINING
            self._error = error
            self._queue.clear()
            self._queue.wake()

    def close(self) -> None:
        """End the stream at once: accept no more events, and drop the queue."""
        self.phase = Phase.CLOSED
        self._queue.clear()
        # `write` usually knows the stream. Without this line, only the garbage collector would free both.
        self._queue.write_with(None)

    # Events

    def write_with(self, write: Callable[[], bool]) -> None:
        """Let `write` take and write deliveries while the task of the stream sleeps in `wait`.

        It returns False if that task must do it. It is not called while the stream has something to replay or to raise.
        """
        self._queue.write_with(write)

    def push(self, delivery: Delivery) -> None:
        """Queue a delivery without waiting.

        A full queue drops ephemeral events first. If that is not enough, a replaying stream drops its queue and replays
        another round, and a live stream fails with SLOW_READER.
        """
        if self.phase in _ACCEPTING and not self._queue.add(delivery):
            self._overflow(delivery)

    def _overflow(self, delivery: Delivery) -> None:
        if delivery.event_id is None:
            return
        self._queue.keep(lambda waiting: waiting.event_id is not None)
        if self._queue.add(delivery):
            return
        if self.phase is Phase.REPLAYING:
            self._queue.clear()
            self.lose_events()
        else:
            self.fail(_slow_reader())

    def lose_events(self) -> None:
        """Mark that events may be missing, and wake the stream so that it replays from its cursor."""
        self.gap = True
        self._queue.wake()

    def heartbeat(self, delivery: Delivery, *, now: float, interval: float) -> None:
        """Queue a heartbeat if `interval` seconds have passed since the last one, and let the next write carry the
        cursor.

        A replaying stream gets no heartbeats, because it is being written to anyway.
        """
        if self._heartbeat_at is None:
            self._heartbeat_at = now + interval
        elif now >= self._heartbeat_at:
            self._heartbeat_at = now + interval
            if self.phase is Phase.LIVE:
                self._cursor_due = True
                self.push(delivery)

    def wait(self) -> Awaitable[None]:
        """Wait until the stream has something to write, to replay or to raise."""
        return self._queue.wait()

    def take(self) -> list[Delivery]:
        """Remove all deliveries from the queue and return them. Close the stream if it is draining.

        Raise the error with which the stream ends.
        """
        if self.phase is Phase.DRAINING:
            self.phase = Phase.CLOSED
            if self._error is not None:
                raise self._error
        return self._queue.take()

    def move_cursor(self, watermark: Mapping[int, int]) -> bool:
        """Move the cursor up to the node's watermark (partition → offset); return whether to write the cursor.

        The cursor does not move while events at or below the watermark may still need a replay.
        """
        if not self._complete or self.gap or self.joins:
            return False
        if self.cursor is watermark or not covers(watermark, self.cursor):
            due, self._cursor_due = self._cursor_due, False
            return due
        self.cursor = watermark
        self._cursor_due = False
        if self.known:
            # The bus delivers nothing more at or below the watermark.
            self.known = {key: at for key, at in self.known.items() if at.offset > watermark.get(at.partition, -1)}
        return True

    def wants(self, event: ChatEvent) -> bool:
        """Return whether to send the event: it was not replayed, and the user may see its message."""
        return event.event_id not in self.known and not hides(self.hidden.get(event.chat_id, ()), event)

    # Replayed events

    def remember(self, events: Iterable[LogEvent]) -> None:
        """Remember these events, so that they are not sent when the bus delivers them."""
        self.known.update((item.event.event_id, item.position) for item in events)

    def drop_replayed(self, left: Collection[ChatId]) -> None:
        """Drop queued events and joins that a replay has sent, and all queued events of the groups in `left`."""
        self.joins = [join for join in self.joins if join.stored.event.event_id not in self.known]
        self._queue.keep(lambda waiting: waiting.chat_id not in left and waiting.event_id not in self.known)

    # Groups and channels

    def join(self, stored: LogEvent, delivery: Delivery) -> None:
        """Queue a join, and wake the stream, so that it sends `delivery` and then the group's recent events.

        `delivery` is the encoded event by which the user joined.
        """
        self.joins.append(Join(stored, delivery))
        self._queue.wake()

    def next_join(self) -> Join:
        """Remove the oldest join and return it."""
        return self.joins.pop(0)

    def set_membership(self, chat_id: ChatId, membership: Membership) -> bool:
        """Remember the user's membership in a group; return False if the stream knew this one or a newer one."""
        known = self._memberships.get(chat_id)
        if known is not None and time_key(known.event_id) >= time_key(membership.event_id):
            return False
        self._memberships[chat_id] = membership
        if membership.hidden or chat_id in self.hidden:
            self.hidden[chat_id] = membership.hidden
        return True

    @property
    def groups(self) -> set[ChatId]:
        """The groups that the user is in, as far as the stream knows."""
        return {chat_id for chat_id, membership in self._memberships.items() if membership.role is not None}

    def enter_channel(self, name: str, sequence: int) -> None:
        """Receive the channel's events from the next sequence number on."""
        if not self.is_on(name):
            self._channels[name] = _OnChannel(sequence)

    def leave_channel(self, name: str, sequence: int) -> None:
        """Receive nothing of the channel after this sequence number."""
        if self.is_on(name):
            self._channels[name].last = sequence

    def is_on(self, name: str) -> bool:
        """Return whether the stream receives the channel now."""
        stay = self._channels.get(name)
        return stay is not None and stay.last is None

    def has_received(self, name: str, sequence: int) -> bool:
        """Return whether the stream received the channel's event with this sequence number."""
        stay = self._channels.get(name)
        return stay is not None and stay.after < sequence and (stay.last is None or sequence <= stay.last)

    @property
    def channels(self) -> list[str]:
        """The channels that the stream receives now."""
        return [name for name, stay in self._channels.items() if stay.last is None]


def _slow_reader() -> ChatlyError:
    message = "the client reads this stream too slowly: subscribe again with the last cursor"
    return ChatlyError(Code.RESOURCE_EXHAUSTED, MessagingReason.SLOW_READER, message, retry_after=1.0)
