"""Conversions between protobuf and model, for media's RPCs and for records of the event log."""

from typing import Any
from uuid import UUID

from chatly.event.v1.event_pb2 import ChatEvent
from chatly.media.v1 import media_service_pb2 as pb
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.media.model import (
    FilesSent,
    GroupPictureSet,
    LogChange,
    Media,
    MediaId,
    MessageRemoved,
    Purpose,
    UploadRequest,
    Variant,
)

_UUID_BYTES = 16
_PURPOSES = {
    Purpose.MESSAGE: pb.MediaPurpose.MEDIA_PURPOSE_MESSAGE,
    Purpose.AVATAR: pb.MediaPurpose.MEDIA_PURPOSE_AVATAR,
}


def media_id(text: str) -> MediaId:
    """Return the id in canonical form. The request was validated, so the text is a UUID."""
    return MediaId(str(UUID(text)))


def upload_request(start: pb.UploadStart) -> UploadRequest:
    return UploadRequest(
        file_name=start.file_name,
        size_bytes=start.size_bytes,
        purpose=Purpose.AVATAR if start.purpose == pb.MediaPurpose.MEDIA_PURPOSE_AVATAR else Purpose.MESSAGE,
        sha256=start.sha256,
    )


def variant(value: pb.MediaVariant.ValueType) -> Variant:
    return Variant.THUMBNAIL if value == pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL else Variant.ORIGINAL


def media_pb(media: Media) -> pb.Media:
    return pb.Media(
        media_id=media.media_id,
        owner_id=media.owner_id,
        purpose=_PURPOSES[media.purpose],
        content_type=media.content_type,
        file_name=media.file_name,
        size_bytes=media.size_bytes,
        sha256=media.sha256,
        width=media.width,
        height=media.height,
        has_thumbnail=media.thumbnail_bytes > 0,
        created_at=timestamp(media.created_at),
        url=media.url,
    )


def media_json(media: Media) -> dict[str, Any]:
    """Return a Media as JSON, with the additional fields `type` and `name`."""
    fields = MessageToDict(media_pb(media), preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return {**fields, "type": media.content_type, "name": media.file_name}


def log_change(record: bytes) -> LogChange | None:
    """Return the change that a log record makes to files. Return None if the record makes none or is unreadable."""
    try:
        event = ChatEvent.FromString(record)
    except DecodeError:
        return None
    match event.WhichOneof("change"):
        case "message_sent" if event.message_sent.attachments and len(event.event_id) == _UUID_BYTES:
            files = tuple(MediaId(file.media_id) for file in event.message_sent.attachments)
            return FilesSent(event.chat_id, _text(event.event_id), UserId(event.actor_id), files)
        case "group_created" if event.group_created.avatar_media_id:
            return _group_picture(event, event.group_created.avatar_media_id)
        case "group_updated" if event.group_updated.avatar_media_id:
            return _group_picture(event, event.group_updated.avatar_media_id)
        case "message_deleted" if event.message_deleted.for_everyone:
            return _removed(event.chat_id, event.message_deleted.message_id, deleted=True)
        case "message_withdrawn":
            return _removed(event.chat_id, event.message_withdrawn.message_id, deleted=False)
        case _:
            return None


def _group_picture(event: ChatEvent, media_id: str) -> GroupPictureSet:
    return GroupPictureSet(event.chat_id, UserId(event.actor_id), MediaId(media_id))


def _removed(chat_id: str, message_id: bytes, *, deleted: bool) -> MessageRemoved | None:
    return MessageRemoved(chat_id, _text(message_id), deleted) if len(message_id) == _UUID_BYTES else None


def _text(uuid: bytes) -> str:
    return str(UUID(bytes=uuid))
