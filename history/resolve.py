"""Pure functions that resolve one event against the stored state. Every RecordWriter uses these functions."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

from history.fold import apply_to_chat, apply_to_message, message_of
from history.model import ChatEvent, ChatState, MessageSent, MessageState, MessageWithdrawn
from kernel.ids import from_time_key, valid_tail


@dataclass(frozen=True, slots=True)
class Decision:
    """The changes that one event causes in the store."""

    chat: ChatState
    message: MessageState | None
    """The changed message, if the event changes one."""
    accepted: bool
    """False for a second copy of a send. Such a copy is neither shown nor replayed."""
    withdrawal: ChatEvent | None = None
    """The event that withdraws the second copy from clients. The caller must append this event to the log."""


def resolve(
    event: ChatEvent, *, chat: ChatState | None, message: MessageState | None, last_seq: int, kept_id: UUID | None
) -> Decision:
    """Fold one event into the stored state of its chat and its message.

    For a MessageSent, `last_seq` is the newest `seq` of the chat, and `kept_id` is the message id of an earlier copy of
    this send, or None.
    """
    new_chat = apply_to_chat(chat, event)
    if message_of(event) is None:
        return Decision(new_chat, None, accepted=True)
    new_message = apply_to_message(message, event)
    if not isinstance(event.change, MessageSent):
        return Decision(new_chat, new_message, accepted=True)
    if new_message.withdrawn:
        return Decision(new_chat, new_message, accepted=False)
    if kept_id is not None and kept_id != event.event_id:
        withdrawal = withdrawal_of(event, kept_id)
        return Decision(new_chat, apply_to_message(message, withdrawal), accepted=False, withdrawal=withdrawal)
    return Decision(new_chat, replace(new_message, seq=last_seq + 1), accepted=True)


def withdrawal_of(event: ChatEvent, kept_id: UUID) -> ChatEvent:
    """Return the event that withdraws a second copy of a send. The same copy always gives the same event."""
    return ChatEvent(
        event_id=_just_after(event.event_id),
        chat_id=event.chat_id,
        actor_id=None,
        occurred_at=event.occurred_at,
        change=MessageWithdrawn(event.event_id, kept_id),
        audience=event.audience,
        request_id=event.request_id,
        traceparent=event.traceparent,
    )


def _just_after(time_uuid: UUID) -> UUID:
    """Return a TimeUUID that is one tick later and has a node id that no clock uses."""
    tail = valid_tail(hashlib.sha256(time_uuid.bytes).digest()[:8])
    return from_time_key((time_uuid.time + 1).to_bytes(8, "big") + tail)
