"""Pure functions that decide which messages of a group a member may see. ADR 0020 has the reasons.

Ranges are compared by the time of the ids alone, because Cassandra orders ids of the same time in another way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from history.model import (
    ChatEvent,
    ChatState,
    HiddenRange,
    HistoryVisibility,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from history.ports import Window
from kernel.ids import UserId, from_time_key, time_key

MAX_RANGES = 32
"""If a member has more hidden ranges, the two oldest become one, which also hides what was between them."""
_TIME_BYTES = 8
_LOWEST_TAIL = b"\x80" + bytes(7)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user who reads a chat, with the messages of the chat that this user may not see."""

    user_id: UserId
    hidden: tuple[HiddenRange, ...] = ()


def viewer_of(state: ChatState, user_id: UserId) -> Viewer:
    """Return a user as the viewer of a chat. Check first that the user is a member."""
    membership = state.memberships.get(user_id)
    return Viewer(user_id, membership.hidden if membership else ())


def visibility_of(state: ChatState) -> HistoryVisibility:
    """Return the setting of a group."""
    return HistoryVisibility(state.history_visibility.value) if state.history_visibility else HistoryVisibility.SHARED


def set_membership(state: ChatState, user_id: UserId, role: Role | None) -> MemberSet:
    """Return the change that gives a user this role in a group, or ends the membership if `role` is None.

    What a user may see is decided here, when the user joins: by the setting of the group at that time.
    """
    known = state.memberships.get(user_id)
    if role is None:
        before = known.hidden if known else ()
        return MemberSet(user_id, None, hidden=(*before, HiddenRange(state.last_message_id, None)))
    if known and known.role is not None:
        return MemberSet(user_id, role, known.joined_id, known.hidden)
    if visibility_of(state) is HistoryVisibility.SHARED:
        return MemberSet(user_id, role)
    return MemberSet(user_id, role, hidden=_hidden_before_joining(state, user_id))


def is_hidden(hidden: Sequence[HiddenRange], message_id: UUID) -> bool:
    """Return whether a message is in one of the ranges."""
    return _range_with(hidden, message_id) is not None


def newest_visible(hidden: Sequence[HiddenRange], message_id: UUID | None) -> UUID | None:
    """Return the id, or if it is hidden the id at which its range begins, so that no hidden message is revealed."""
    found = _range_with(hidden, message_id) if message_id else None
    return found.after if found else message_id


def hides(hidden: Sequence[HiddenRange], event: ChatEvent) -> bool:
    """Return whether an event reveals a hidden message."""
    # Called for each stream that may get an event. Nearly all have no hidden messages.
    if not hidden:
        return False
    message_id = _subject_of(event)
    return message_id is not None and is_hidden(hidden, message_id)


def visible_windows(window: Window, hidden: Sequence[HiddenRange]) -> Iterator[Window]:
    """Yield the parts of a window between the hidden ranges, in the order of the window.

    A part may contain a few hidden messages at its end. The caller must leave them out.
    """
    if not hidden:
        yield window
        return
    starts = [None, *(each.through for each in hidden)]
    ends = [*(_end_of(each) for each in hidden), None]
    if hidden[-1].through is None:
        del starts[-1], ends[-1]
    parts = [
        replace(window, after=_later(window.after, start), before=_earlier(window.before, end))
        for start, end in zip(starts, ends, strict=True)
    ]
    for part in reversed(parts) if window.newest_first else parts:
        if part.before is None or _time(part.after) < _time(part.before):
            yield part


def ranges_to_bytes(ranges: Iterable[HiddenRange]) -> bytes:
    """Return the ranges as the stores keep them: 32 bytes per range."""
    return b"".join(_key(each.after) + _key(each.through) for each in ranges)


def ranges_from_bytes(data: bytes | None) -> tuple[HiddenRange, ...]:
    """Return the ranges that `ranges_to_bytes` turned into bytes. None means no ranges."""
    data = data or b""
    ids = [from_time_key(data[at : at + 16]) if any(data[at : at + 16]) else None for at in range(0, len(data), 16)]
    return tuple(HiddenRange(after, through) for after, through in zip(ids[::2], ids[1::2], strict=True))


def _hidden_before_joining(state: ChatState, user_id: UserId) -> tuple[HiddenRange, ...]:
    known = state.memberships.get(user_id)
    before, start = (known.hidden, known.event_id) if known else ((), None)
    if before and before[-1].through is None:
        before, start = before[:-1], before[-1].after
    # All later messages get later ids than this one, even from nodes whose clock is behind. The id of the event that
    # adds the member has no such guarantee: it could hide a message that is sent after the member joined.
    last = state.last_message_id
    if _time(last) <= _time(start):
        return before
    ranges = (*before, HiddenRange(start, last))
    if len(ranges) > MAX_RANGES:
        return (HiddenRange(ranges[0].after, ranges[1].through), *ranges[2:])
    return ranges


def _subject_of(event: ChatEvent) -> UUID | None:
    """Return the id of the message that the event changes or names, or None."""
    match event.change:
        case MessageSent():
            return event.event_id
        case MessageEdited() | MessageDeleted() | MessageWithdrawn() | ReactionSet() | ReadMarkMoved():
            return event.change.message_id
        case _:
            return None


def _range_with(hidden: Sequence[HiddenRange], message_id: UUID) -> HiddenRange | None:
    moment = _time(message_id)
    # New messages are asked for most often, and are later than all ranges.
    for each in reversed(hidden):
        if each.through is not None and moment > _time(each.through):
            return None
        if _time(each.after) < moment:
            return each
    return None


def _end_of(hidden: HiddenRange) -> UUID:
    """Return an id later than the message `after`, but not later than the messages that follow it."""
    ticks = int.from_bytes(_time(hidden.after), "big") + 1 if hidden.after else 0
    return from_time_key(ticks.to_bytes(_TIME_BYTES, "big") + _LOWEST_TAIL)


def _later(one: UUID | None, other: UUID | None) -> UUID | None:
    return max(filter(None, (one, other)), key=time_key, default=None)


def _earlier(one: UUID | None, other: UUID | None) -> UUID | None:
    return min(filter(None, (one, other)), key=time_key, default=None)


def _time(time_uuid: UUID | None) -> bytes:
    """Return the time of an id as bytes that sort by time. None is before all ids."""
    return time_key(time_uuid)[:_TIME_BYTES] if time_uuid else bytes(_TIME_BYTES)


def _key(time_uuid: UUID | None) -> bytes:
    return time_key(time_uuid) if time_uuid else bytes(16)
