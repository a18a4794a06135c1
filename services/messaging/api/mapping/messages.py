"""Messages: model to proto, and requests to model."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from chatly.messaging.v1 import message_pb2, messaging_service_pb2

from history.model import AttachedMedia, Message, MessageState, Reaction
from history.ports import MessageFiles
from kernel.errors import invalid_field
from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.messaging.list_own_reactions import OwnReaction
from services.messaging.model import ChatRef, Draft, Listing, Search


def uuid_of(field: str, text: str) -> UUID:
    """Return the UUID in a field, in any spelling; raise INVALID_FIELD."""
    try:
        return UUID(text)
    except ValueError as error:
        raise invalid_field(field, "must be a UUID") from error


def time_uuid_of(field: str, text: str) -> UUID:
    """Return the message id in a field; raise INVALID_FIELD for a UUID that is not time-based."""
    result = uuid_of(field, text)
    if result.version != 1:
        raise invalid_field(field, "must be a message id (a time-based UUID)")
    return result


def user_id_of(text: str) -> UserId:
    """Return a user's id in lower case. Validation accepts upper case too."""
    return UserId(text.lower())


def chat_ref(chat_id: str, user_id: str = "") -> ChatRef:
    """Return the chat that a request names by its id or by its other user."""
    return ChatRef(chat_id.lower(), user_id.lower())


def message_pb(message: Message) -> message_pb2.Message:
    """Return the message as every member of the chat sees it."""
    return message_pb2.Message(
        message_id=str(message.message_id),
        chat_id=message.chat_id,
        sender_id=message.sender_id,
        receiver_id=message.chat_id.other(message.sender_id) if message.chat_id.is_direct else "",
        client_message_id=str(message.client_message_id),
        text=message.text,
        reply_to_message_id=str(message.reply_to or ""),
        attachments=map(attachment_pb, message.attachments),
        reactions=map(reaction_pb, message.reactions),
        seq=message.seq,
        created_at=timestamp(message.created_at),
        edited_at=timestamp(message.edited_at) if message.edited_at else None,
        deleted_for_everyone=message.deleted_for_everyone,
        edit_event_id=str(message.edit_id or ""),
    )


def attachment_pb(media: AttachedMedia) -> message_pb2.Attachment:
    return message_pb2.Attachment(
        media_id=media.media_id,
        content_type=media.content_type,
        file_name=media.file_name,
        size_bytes=media.size_bytes,
        width=media.width,
        height=media.height,
        has_thumbnail=media.has_thumbnail,
        url=f"/api/uploads/{media.media_id}",
    )


def reaction_pb(reaction: Reaction) -> message_pb2.Reaction:
    return message_pb2.Reaction(
        user_id=reaction.user_id, emoji=reaction.emoji, created_at=timestamp(reaction.created_at)
    )


def keys_pb(states: Iterable[MessageState]) -> Iterator[messaging_service_pb2.MessageKey]:
    for state in states:
        yield messaging_service_pb2.MessageKey(chat_id=state.chat_id, message_id=str(state.message_id))


def files_pb(files: MessageFiles) -> messaging_service_pb2.MessageFiles:
    return messaging_service_pb2.MessageFiles(
        message=messaging_service_pb2.MessageKey(chat_id=files.chat_id, message_id=str(files.message_id)),
        sender_id=files.sender_id,
        media_ids=files.media_ids,
    )


def own_reaction_pb(own: OwnReaction) -> messaging_service_pb2.OwnReaction:
    return messaging_service_pb2.OwnReaction(
        chat_id=own.chat_id,
        message_id=str(own.message_id),
        emoji=own.reaction.emoji,
        created_at=timestamp(own.reaction.created_at),
    )


def draft(request: messaging_service_pb2.SendMessageRequest) -> Draft:
    return Draft(
        chat=chat_ref(request.chat_id, request.user_id),
        client_message_id=uuid_of("client_message_id", request.client_message_id),
        text=request.text,
        reply_to=time_uuid_of("reply_to_message_id", request.reply_to_message_id)
        if request.reply_to_message_id
        else None,
        media_ids=tuple(map(str.lower, request.media_ids)),
    )


def listing(request: messaging_service_pb2.ListMessagesRequest) -> Listing:
    return Listing(
        chat=chat_ref(request.chat_id, request.user_id),
        forward=request.direction == messaging_service_pb2.LIST_DIRECTION_FORWARD,
        start=time_uuid_of("start_message_id", request.start_message_id) if request.start_message_id else None,
        page_size=request.page_size,
        page_token=request.page_token,
    )


def search(request: messaging_service_pb2.SearchMessagesRequest) -> Search:
    return Search(
        query=request.query,
        chat_id=request.chat_id.lower(),
        page_size=request.page_size,
        page_token=request.page_token,
    )
