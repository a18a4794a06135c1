"""Lasting events and typing as subscribers get them. The stream's own words (caught_up, heartbeat, …) are in `live`."""

from datetime import datetime
from typing import assert_never

from chatly.messaging.v1 import live_pb2, messaging_service_pb2

from history.chat_id import ChatId
from history.fold import apply_to_chat, sent_message
from history.model import (
    ChatEvent,
    ChatState,
    GroupCreated,
    GroupUpdated,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
)
from kernel.grpc.timestamps import timestamp
from kernel.ids import UserId
from services.messaging.api.mapping.chats import role_pb, summary_pb
from services.messaging.api.mapping.messages import message_pb


def live_event(event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> live_pb2.LiveEvent:
    """What subscribers are told of an event.

    `state`: the chat's, the event included. `viewer`: set for what goes to one user alone, whom their own joining tells
    of a new chat; everybody else is told of a new member.
    """
    live = live_pb2.LiveEvent(
        event_id=str(event.event_id),
        chat_id=event.chat_id,
        actor_id=event.actor_id or "",
        occurred_at=timestamp(event.occurred_at),
    )
    _put_change(live, event, state, viewer)
    return live


def _put_change(live: live_pb2.LiveEvent, event: ChatEvent, state: ChatState | None, viewer: UserId | None) -> None:
    match event.change:
        case MessageSent():
            live.message_created.CopyFrom(message_pb(sent_message(event)))
            # Nobody sends a message without any content: it was deleted meanwhile.
            live.message_created.deleted_for_everyone = not event.change.text and not event.change.attachments
        case MessageEdited(message_id, text):
            edit = live_pb2.MessageEdit(message_id=str(message_id), text=text, edited_at=live.occurred_at)
            live.message_edited.CopyFrom(edit)
        case MessageDeleted(message_id, for_everyone):
            live.message_deleted.CopyFrom(
                live_pb2.MessageDeletion(message_id=str(message_id), for_everyone=for_everyone)
            )
        case MessageWithdrawn(message_id):
            live.message_deleted.CopyFrom(live_pb2.MessageDeletion(message_id=str(message_id), withdrawn=True))
        case ReactionSet() as reaction:
            live.reaction_changed.CopyFrom(_reaction_change(live.actor_id, reaction))
        case ReadMarkMoved(message_id):
            live.read_mark_moved.CopyFrom(live_pb2.ReadMark(user_id=live.actor_id, message_id=str(message_id)))
        case GroupCreated():
            live.chat_added.CopyFrom(summary_pb(state or apply_to_chat(None, event)))
        case GroupUpdated():
            live.chat_updated.CopyFrom(summary_pb(state or apply_to_chat(None, event)))
        # The audience names a user who was no member before.
        case MemberSet(user_id, role) if role and user_id == viewer and user_id in event.audience:
            live.chat_added.CopyFrom(summary_pb(state or apply_to_chat(None, event)))
        case MemberSet(user_id, role):
            live.member_changed.CopyFrom(live_pb2.MemberChange(user_id=user_id, role=role_pb(role)))
        case _:
            assert_never(event.change)


def _reaction_change(user_id: str, reaction: ReactionSet) -> live_pb2.ReactionChange:
    return live_pb2.ReactionChange(
        message_id=str(reaction.message_id), user_id=user_id, emoji=reaction.emoji, present=reaction.present
    )


def typing_response(chat_id: ChatId, user_id: UserId, *, active: bool, at: datetime) -> bytes:
    """A whole SubscribeResponse that says who types, or stopped."""
    typing = live_pb2.Typing(user_id=user_id, active=active)
    live = live_pb2.LiveEvent(chat_id=chat_id, actor_id=user_id, occurred_at=timestamp(at), typing=typing)
    return messaging_service_pb2.SubscribeResponse(events=[live]).SerializeToString()
