"""Encodes events, typing and signals for subscribers. Later steps only join these bytes."""

from datetime import datetime
from typing import Final, assert_never

from chatly.messaging.v1 import live_pb2, message_pb2
from chatly.messaging.v1.messaging_service_pb2 import SubscribeResponse

from history.chat_id import ChatId
from history.fold import apply_to_chat
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
from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.messaging.api.mapping.chats import role_pb, summary_pb
from services.messaging.api.mapping.messages import attachment_pb
from services.messaging.live.encoding import ResyncCause

_RESYNC_CAUSES: Final = {
    ResyncCause.TOO_OLD: live_pb2.RESYNC_CAUSE_TOO_OLD,
    ResyncCause.OTHER_LOG: live_pb2.RESYNC_CAUSE_OTHER_LOG,
}


class ProtoStreamEncoder:
    """A StreamEncoder that returns everything as serialized SubscribeResponses."""

    def event(self, event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> bytes:
        live = live_pb2.LiveEvent(
            event_id=str(event.event_id),
            chat_id=event.chat_id,
            actor_id=event.actor_id or "",
            occurred_at=timestamp(event.occurred_at),
        )
        _put_change(live, event, state, viewer)
        return SubscribeResponse(events=[live]).SerializeToString()

    def cursor(self, cursor: str) -> bytes:
        return SubscribeResponse(cursor=cursor).SerializeToString()

    def caught_up(self, replayed: int) -> bytes:
        return _response(live_pb2.LiveEvent(caught_up=live_pb2.CaughtUp(replayed_count=replayed)))

    def heartbeat(self) -> bytes:
        return _response(live_pb2.LiveEvent(heartbeat=live_pb2.Heartbeat()))

    def resync(self, cause: ResyncCause) -> bytes:
        return _response(live_pb2.LiveEvent(resync=live_pb2.Resync(cause=_RESYNC_CAUSES[cause])))

    def reconnect(self, delay_ms: int) -> bytes:
        return _response(live_pb2.LiveEvent(reconnect=live_pb2.Reconnect(delay_ms=delay_ms)))


def typing_response(chat_id: ChatId, user_id: UserId, *, active: bool, at: datetime) -> bytes:
    """Return a serialized SubscribeResponse with the notification that a user types, or has stopped typing."""
    typing = live_pb2.Typing(user_id=user_id, active=active)
    return _response(live_pb2.LiveEvent(chat_id=chat_id, actor_id=user_id, occurred_at=timestamp(at), typing=typing))


def _response(event: live_pb2.LiveEvent) -> bytes:
    return SubscribeResponse(events=[event]).SerializeToString()


def _put_change(live: live_pb2.LiveEvent, event: ChatEvent, state: ChatState | None, viewer: UserId | None) -> None:
    match event.change:
        case MessageSent() as sent:
            live.message_created.CopyFrom(_message(live, event, sent))
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
        # A MemberSet that gives a user a role has the user in its audience only if they were not a member before.
        case MemberSet(user_id, role) if role and user_id == viewer and user_id in event.audience:
            live.chat_added.CopyFrom(summary_pb(state or apply_to_chat(None, event)))
        case MemberSet(user_id, role):
            live.member_changed.CopyFrom(live_pb2.MemberChange(user_id=user_id, role=role_pb(role)))
        case _:
            assert_never(event.change)


def _message(live: live_pb2.LiveEvent, event: ChatEvent, sent: MessageSent) -> message_pb2.Message:
    """Return the message that `message_pb` would return, without folding the event, because this is the hot path."""
    attachments = [attachment_pb(media) for media in sent.attachments] if sent.attachments else ()
    return message_pb2.Message(
        message_id=live.event_id,
        chat_id=live.chat_id,
        sender_id=live.actor_id,
        receiver_id=event.chat_id.other(UserId(live.actor_id)) if event.chat_id.is_direct else "",
        client_message_id=str(sent.client_message_id),
        text=sent.text,
        reply_to_message_id=str(sent.reply_to or ""),
        attachments=attachments,
        created_at=live.occurred_at,
        # Every message is sent with text or files. One without either was redacted, because it was deleted after the
        # send.
        deleted_for_everyone=not sent.text and not sent.attachments,
    )


def _reaction_change(user_id: str, reaction: ReactionSet) -> live_pb2.ReactionChange:
    return live_pb2.ReactionChange(
        message_id=str(reaction.message_id), user_id=user_id, emoji=reaction.emoji, present=reaction.present
    )
