"""Pure functions that fold events into messages and chats. Order and repeats of the events do not change the result."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from history.model import (
    ChatEvent,
    ChatState,
    Content,
    Edit,
    GroupCreated,
    GroupUpdated,
    LogEvent,
    LwwRegister,
    MemberSet,
    Membership,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageState,
    MessageWithdrawn,
    Reaction,
    ReactionMark,
    ReactionSet,
    ReadMarkMoved,
    Send,
)
from history.visibility import Viewer, is_hidden
from kernel.ids import UserId, time_key

Register = TypeVar("Register", LwwRegister, Membership)


def message_of(event: ChatEvent) -> UUID | None:
    """Return the id of the message that the event changes, or None."""
    match event.change:
        case MessageSent():
            return event.event_id
        case MessageEdited() | MessageDeleted() | MessageWithdrawn() | ReactionSet():
            return event.change.message_id
        case _:
            return None


def text_of(event: ChatEvent) -> UUID | None:
    """Return the id of the message whose text the event contains, or None."""
    return message_of(event) if isinstance(event.change, MessageSent | MessageEdited) else None


def send_of(event: ChatEvent) -> Send | None:
    """Return the sender and the `client_message_id` of a MessageSent, or None for other events."""
    return (actor_of(event), event.change.client_message_id) if isinstance(event.change, MessageSent) else None


def deleted_by(event: ChatEvent) -> UUID | None:
    """Return the id of the message that the event deletes for everyone, or None."""
    match event.change:
        case MessageDeleted(message_id, for_everyone=True):
            return message_id
        case _:
            return None


def actor_of(event: ChatEvent) -> UserId:
    """Return the user who caused the event. Raise ValueError if the event has no actor."""
    if event.actor_id is None:
        raise ValueError(f"event {event.event_id} needs an actor")
    return event.actor_id


def events_of(state: MessageState) -> Iterator[UUID]:
    """Yield the ids of the events whose values the state holds.

    A new change must have a later id than all these events.
    """
    yield state.message_id
    if state.edit:
        yield state.edit.event_id
    for mark in state.reactions.values():
        yield mark.event_id


def apply_to_message(state: MessageState | None, event: ChatEvent) -> MessageState:
    """Return the state of the event's message after the event.

    `state` is the state before the event, or None if the message has none.
    """
    if state is None and isinstance(event.change, MessageSent):
        # The common case: there is nothing to merge or hide.
        return MessageState(event.chat_id, event.event_id, content=_content(event, event.change))
    message_id = message_of(event)
    if message_id is None:
        raise ValueError(f"{type(event.change).__name__} changes no message")
    return _without_hidden(_with_event(state or MessageState(event.chat_id, message_id), event))


def apply_to_chat(state: ChatState | None, event: ChatEvent) -> ChatState:
    """Return the state of the event's chat after the event.

    `state` is the state before the event, or None if the chat has none.
    """
    state = state or ChatState(event.chat_id)
    match event.change:
        case MessageSent():
            return _with_send(state, event.event_id, actor_of(event), event.occurred_at)
        case ReadMarkMoved(message_id):
            return _with_read_mark(state, actor_of(event), message_id)
        case GroupCreated() as created:
            return _created(_with_first_details(state, created, event.event_id), event.occurred_at)
        case GroupUpdated() as updated:
            return _with_details(state, updated, event.event_id)
        case MemberSet(user_id, role, joined, hidden):
            registers = {user_id: Membership(event.event_id, role, joined=joined, hidden=hidden)}
            return replace(state, memberships=_with_registers(state.memberships, registers))
        case _:
            return state


def fold_messages(states: Mapping[UUID, MessageState], events: Iterable[ChatEvent]) -> dict[UUID, MessageState]:
    """Return the new states of all messages that the events change. `states` has the states before the events."""
    changed: dict[UUID, MessageState] = {}
    for event in events:
        message_id = message_of(event)
        if message_id is not None:
            changed[message_id] = apply_to_message(changed.get(message_id) or states.get(message_id), event)
    return changed


def redacted(event: ChatEvent) -> ChatEvent:
    """Return the event without text and attachments.

    This form is kept once the event's message was deleted for everyone.
    """
    match event.change:
        case MessageSent() as sent:
            return replace(event, change=replace(sent, text="", attachments=()))
        case MessageEdited() as edited:
            return replace(event, change=replace(edited, text=""))
        case _:
            return event


def redact(stored: LogEvent) -> LogEvent:
    """Return the redacted event at the same position, without serialized bytes."""
    return LogEvent(stored.position, redacted(stored.event))


def sent_message(event: ChatEvent) -> Message:
    """Return the message that a MessageSent creates, before any change. Raise TypeError for other events.

    The result equals `to_message(apply_to_message(None, event))`, but no state is built.
    """
    sent = event.change
    if not isinstance(sent, MessageSent):
        raise TypeError(f"{type(sent).__name__} sends no message")
    return Message(
        message_id=event.event_id,
        chat_id=event.chat_id,
        sender_id=actor_of(event),
        client_message_id=sent.client_message_id,
        text=sent.text,
        reply_to=sent.reply_to,
        attachments=sent.attachments,
        reactions=(),
        seq=0,
        created_at=event.occurred_at,
        edited_at=None,
        deleted_for_everyone=False,
    )


def to_message(state: MessageState) -> Message | None:
    """Return the message as its chat sees it, or None if it was never sent or was withdrawn."""
    content = state.content
    if content is None or state.withdrawn:
        return None
    return Message(
        message_id=state.message_id,
        chat_id=state.chat_id,
        sender_id=content.sender_id,
        client_message_id=content.client_message_id,
        text=state.edit.text if state.edit else content.text,
        reply_to=content.reply_to,
        attachments=content.attachments,
        reactions=_reactions(state) if state.reactions else (),
        seq=state.seq,
        created_at=content.created_at,
        edited_at=state.edit.edited_at if state.edit else None,
        deleted_for_everyone=state.deleted_for_everyone,
        edit_id=state.edit.event_id if state.edit else None,
    )


def visible_message(state: MessageState, viewer: Viewer) -> Message | None:
    """Return the message as `viewer` sees it.

    Return None if it was never sent, was withdrawn, was deleted by `viewer` for themselves, or is hidden from them.
    """
    if viewer.user_id in state.deleted_for or (viewer.hidden and is_hidden(viewer.hidden, state.message_id)):
        return None
    return to_message(state)


def _with_event(state: MessageState, event: ChatEvent) -> MessageState:
    match event.change:
        case MessageSent() as sent:
            return replace(state, content=_content(event, sent))
        case MessageEdited(_, text):
            edit = Edit(event.event_id, text, event.occurred_at)
            return replace(state, edit=_newer_edit(state.edit, edit))
        case MessageDeleted(_, for_everyone=True):
            return replace(state, deleted_for_everyone=True)
        case MessageDeleted():
            return replace(state, deleted_for=state.deleted_for | {actor_of(event)})
        case MessageWithdrawn():
            return replace(state, withdrawn=True)
        case ReactionSet(_, emoji, present):
            mark = ReactionMark(event.event_id, present, event.occurred_at)
            return _with_reaction(state, (actor_of(event), emoji), mark)
        case _:
            return state


def _without_hidden(state: MessageState) -> MessageState:
    """Remove the fields that no member can see any more, so that no store keeps them.

    The fold must not depend on these fields.
    """
    if state.withdrawn:
        return MessageState(state.chat_id, state.message_id, withdrawn=True)
    content = state.content
    if state.deleted_for_everyone:
        bare = content and replace(content, text="", attachments=())
        return replace(state, content=bare, edit=None, reactions={})
    if state.edit and content and content.text:
        return replace(state, content=replace(content, text=""))
    return state


def _content(event: ChatEvent, sent: MessageSent) -> Content:
    return Content(
        sender_id=actor_of(event),
        client_message_id=sent.client_message_id,
        text=sent.text,
        reply_to=sent.reply_to,
        attachments=sent.attachments,
        created_at=event.occurred_at,
    )


def _newer_edit(known: Edit | None, edit: Edit) -> Edit:
    return known if known and time_key(known.event_id) >= time_key(edit.event_id) else edit


def _with_reaction(state: MessageState, key: tuple[UserId, str], mark: ReactionMark) -> MessageState:
    known = state.reactions.get(key)
    if known and time_key(known.event_id) >= time_key(mark.event_id):
        return state
    return replace(state, reactions={**state.reactions, key: mark})


def _reactions(state: MessageState) -> tuple[Reaction, ...]:
    present = [(mark, key) for key, mark in state.reactions.items() if mark.present]
    present.sort(key=lambda item: time_key(item[0].event_id))
    return tuple(Reaction(user_id, emoji, mark.set_at) for mark, (user_id, emoji) in present)


def _later(known: UUID | None, message_id: UUID) -> UUID:
    return known if known and time_key(known) > time_key(message_id) else message_id


# The next functions return their argument unchanged if the event is a repeat, because each node receives an event
# several times.


def _with_send(state: ChatState, message_id: UUID, sender_id: UserId, moment: datetime) -> ChatState:
    last = _later(state.last_message_id, message_id)
    marks = _moved(state.read_marks, sender_id, message_id)
    writers = state.writers if sender_id in state.writers else state.writers | {sender_id}
    created_at = moment if state.created_at is None else min(state.created_at, moment)
    unchanged = marks is state.read_marks and writers is state.writers
    if unchanged and (last, created_at) == (state.last_message_id, state.created_at):
        return state
    return replace(state, created_at=created_at, read_marks=marks, writers=writers, last_message_id=last)


def _with_read_mark(state: ChatState, user_id: UserId, message_id: UUID) -> ChatState:
    marks = _moved(state.read_marks, user_id, message_id)
    return state if marks is state.read_marks else replace(state, read_marks=marks)


def _moved(marks: Mapping[UserId, UUID], user_id: UserId, message_id: UUID) -> Mapping[UserId, UUID]:
    known = marks.get(user_id)
    mark = _later(known, message_id)
    return marks if mark == known else {**marks, user_id: mark}


def _created(state: ChatState, moment: datetime) -> ChatState:
    if state.created_at is not None and state.created_at <= moment:
        return state
    return replace(state, created_at=moment)


def _with_first_details(state: ChatState, created: GroupCreated, event_id: UUID) -> ChatState:
    registers = {user_id: Membership(event_id, role, initial=True) for user_id, role in created.members.items()}
    visibility = created.history_visibility
    return replace(
        state,
        title=_winner(state.title, LwwRegister(event_id, created.title, initial=True)),
        description=_winner(state.description, LwwRegister(event_id, created.description, initial=True)),
        avatar_media_id=_winner(state.avatar_media_id, LwwRegister(event_id, created.avatar_media_id, initial=True)),
        history_visibility=_winner(state.history_visibility, LwwRegister(event_id, visibility, initial=True))
        if visibility
        else state.history_visibility,
        memberships=_with_registers(state.memberships, registers),
    )


def _with_details(state: ChatState, updated: GroupUpdated, event_id: UUID) -> ChatState:
    return replace(
        state,
        title=_updated(state.title, updated.title, event_id),
        description=_updated(state.description, updated.description, event_id),
        avatar_media_id=_updated(state.avatar_media_id, updated.avatar_media_id, event_id),
        history_visibility=_updated(state.history_visibility, updated.history_visibility, event_id),
    )


def _updated(known: LwwRegister | None, value: str | None, event_id: UUID) -> LwwRegister | None:
    return known if value is None else _winner(known, LwwRegister(event_id, value))


def _with_registers(
    known: Mapping[UserId, Membership], registers: Mapping[UserId, Membership]
) -> Mapping[UserId, Membership]:
    return {**known, **{user_id: _winner(known.get(user_id), register) for user_id, register in registers.items()}}


def _winner(known: Register | None, register: Register) -> Register:
    """Return the register that wins.

    A change beats a creation. Of two changes the later wins, of two creations the earlier.
    """
    if known is None:
        return register
    if known.initial != register.initial:
        return register if known.initial else known
    register_is_later = time_key(register.event_id) > time_key(known.event_id)
    return register if register_is_later != register.initial else known
