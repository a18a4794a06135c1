"""Pure comparisons of stored messages and chats with the fold of their events. No result contains a text."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from history.model import ChatState, Content, MessageState
from kernel.ids import UserId, time_key


@dataclass(frozen=True, slots=True)
class Fault:
    """Stored data that contradict each other."""

    where: str
    """For example `chat 0b9c…`."""
    text: str
    """The contradiction, with the ids that it concerns."""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def message_faults(expected: MessageState | None, stored: MessageState | None) -> Iterator[str]:
    """Yield the contradictions between the fold of a message's events and its stored state."""
    if stored is None:
        if expected is not None:
            yield f"message {expected.message_id} is missing{_number(expected)}"
        return
    if expected is None:
        yield f"message {stored.message_id} is stored{_number(stored)}, but its events are not"
        return
    name = f"message {stored.message_id}"
    if expected.withdrawn and expected.seq:
        yield f"{name} has seq {expected.seq}, but it was withdrawn"
    elif expected.seq != stored.seq:
        yield f"{name} has seq {stored.seq} instead of {expected.seq}"
    fields = list(_different_fields(expected, stored))
    if fields:
        yield f"{name} differs from its events in: {', '.join(fields)}"


def _different_fields(expected: MessageState, stored: MessageState) -> Iterator[str]:
    if expected.content is None or stored.content is None:
        if expected.content != stored.content:
            yield "content"
    else:
        yield from _different_content(expected.content, stored.content)
    if expected.edit != stored.edit:
        yield "last edit"
    if expected.reactions != stored.reactions:
        yield "reactions"
    if expected.deleted_for != stored.deleted_for:
        yield "users who deleted it for themselves"
    if expected.deleted_for_everyone != stored.deleted_for_everyone:
        yield "deleted for everyone"
    if expected.withdrawn != stored.withdrawn:
        yield "withdrawn"


def _different_content(expected: Content, stored: Content) -> Iterator[str]:
    for field, name in _CONTENT.items():
        if getattr(expected, field) != getattr(stored, field):
            yield name


_CONTENT = {
    "sender_id": "sender",
    "client_message_id": "client_message_id",
    "text": "text",
    "reply_to": "reply",
    "attachments": "attachments",
    "created_at": "time",
}


def _number(state: MessageState) -> str:
    return f" (seq {state.seq})" if state.seq else ""


def later_ids(expected: ChatState, stored: ChatState) -> Collection[UUID]:
    """Return the messages that the stored state has as its newest or as read, and that are later than in `expected`.

    They are right if they are withdrawn copies of sends: a copy moves these fields, and has no stored event.
    """
    pairs = [(expected.last_message_id, stored.last_message_id)]
    pairs += [(expected.read_marks.get(user_id), mark) for user_id, mark in stored.read_marks.items()]
    return {new for old, new in pairs if new and (old is None or time_key(new) > time_key(old))}


def chat_faults(
    expected: ChatState, stored: ChatState, *, withdrawn: Collection[UUID], copied_at: Collection[datetime]
) -> Iterator[str]:
    """Yield the contradictions between the fold of a chat's events and its stored state.

    `withdrawn` has the withdrawn messages among `later_ids`, and `copied_at` the times of withdrawn copies.
    """
    if stored.created_at != expected.created_at and stored.created_at not in copied_at:
        yield f"created at {stored.created_at} instead of {expected.created_at}"
    for name in ("title", "description", "avatar_media_id", "history_visibility"):
        if getattr(expected, name) != getattr(stored, name):
            yield f"its {name} differs from its events"
    if stored.last_message_id != expected.last_message_id and stored.last_message_id not in withdrawn:
        yield f"its newest message is {stored.last_message_id} instead of {expected.last_message_id}"
    for user_id in _users(expected, stored):
        if _membership(expected, user_id) != _membership(stored, user_id):
            yield f"the membership of user {user_id} differs from its events"
        mark = stored.read_marks.get(user_id)
        if mark != expected.read_marks.get(user_id) and mark not in withdrawn:
            yield f"user {user_id} has read up to {mark} instead of {expected.read_marks.get(user_id)}"


def _users(expected: ChatState, stored: ChatState) -> list[UserId]:
    return sorted({*expected.memberships, *stored.memberships, *expected.read_marks, *stored.read_marks})


def _membership(state: ChatState, user_id: UserId) -> object:
    known = state.memberships.get(user_id)
    # Of a membership that did not change its role, `joined` is the event itself. Adapters store that in two ways.
    return known and replace(known, joined=known.joined_id)
