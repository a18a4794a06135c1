"""Serialization of events: protobuf in the log, and a position followed by protobuf on the bus."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from chatly.event.v1 import event_pb2 as pb
from google.protobuf.message import DecodeError

from history.chat_id import ChatId
from history.group_codec import group_pb, member_pb, visibility_pb
from history.model import (
    AttachedMedia,
    Change,
    ChatEvent,
    GroupCreated,
    GroupUpdated,
    HiddenRange,
    HistoryVisibility,
    LogEvent,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from kernel.grpc.time import moment_of, timestamp
from kernel.ids import UserId
from kernel.log.ports import LogPosition, LogRecord

_LASTING = 0
_EPHEMERAL = 1
_EPHEMERAL_WITH_HIDDEN = 2
_REMEMBERED = 1_024


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A serialized SubscribeResponse with ephemeral events, such as typing."""

    payload: bytes
    hidden_from: frozenset[UserId] = frozenset()
    """Users on the channel who must not receive the events."""


def encode(event: ChatEvent) -> bytes:
    """Serialize an event as chatly.event.v1.ChatEvent."""
    message = pb.ChatEvent(
        event_id=event.event_id.bytes,
        chat_id=event.chat_id,
        actor_id=event.actor_id or "",
        occurred_at=timestamp(event.occurred_at),
        audience=event.audience,
        request_id=event.request_id,
        traceparent=event.traceparent,
    )
    put_change(message, event.change)
    return message.SerializeToString()


def decode(value: bytes) -> ChatEvent:
    """Parse the bytes that `encode` returned.

    Raise ValueError with the reason if the bytes are malformed or incomplete.
    """
    try:
        message = pb.ChatEvent.FromString(value)
    except DecodeError as error:
        raise ValueError(f"not a ChatEvent: {error}") from error
    event = ChatEvent(
        event_id=time_uuid(message.event_id, "event_id"),
        chat_id=_chat_id(message.chat_id),
        actor_id=UserId(message.actor_id) if message.actor_id else None,
        occurred_at=_occurred_at(message),
        change=change_of(message),
        audience=tuple(UserId(user_id) for user_id in message.audience),
        request_id=message.request_id,
        traceparent=message.traceparent,
    )
    if event.actor_id is None and not isinstance(event.change, MessageWithdrawn):
        raise ValueError(f"{type(event.change).__name__} without an actor")
    return event


def decode_record(record: LogRecord) -> LogEvent:
    """Parse a log record. Raise ValueError if the record is malformed or its key is not the event's chat."""
    event = decode(record.value)
    if event.chat_id != record.key:
        raise ValueError(f"an event of chat {event.chat_id} under the key {record.key}")
    return LogEvent(record.position, event, record.value)


def value_of(stored: LogEvent) -> bytes:
    """Return the event's serialized bytes. Encode the event only if `stored` has no bytes."""
    return stored.value or encode(stored.event)


def pack_lasting(stored: LogEvent) -> bytes:
    """Return the bus payload of a lasting event: its position in the log, then the serialized event."""
    position = stored.position
    return (
        bytes((_LASTING,))
        + varint(position.partition)
        + varint(position.offset)
        + (stored.value or encode(stored.event))
    )


def pack_ephemeral(response: bytes, *, hidden_from: Collection[UserId] = ()) -> bytes:
    """Return the bus payload of a serialized SubscribeResponse with ephemeral events.

    `hidden_from`: users on the channel who must not receive the events.
    """
    if not hidden_from:
        return bytes((_EPHEMERAL,)) + response
    users = " ".join(sorted(hidden_from)).encode()
    return bytes((_EPHEMERAL_WITH_HIDDEN,)) + varint(len(users)) + users + response


_decoded: OrderedDict[bytes, LogEvent] = OrderedDict()
"""The events of the newest bus payloads, by payload."""


def remember(payload: bytes, stored: LogEvent) -> None:
    """Keep the event of a payload for `unpack`, so that the process that publishes a payload need not decode it."""
    _decoded[payload] = stored
    if len(_decoded) > _REMEMBERED:
        _decoded.popitem(last=False)


def unpack(payload: bytes) -> LogEvent | Ephemeral:
    """Return the event in a bus payload, or its ephemeral events. Raise ValueError if no `pack` function made the
    bytes.

    A process decodes each of the newest events once, although several subscribers receive the event and the persister
    publishes it a second time.
    """
    if (stored := _decoded.get(payload)) is not None:
        return stored
    if payload[:1] == bytes((_EPHEMERAL,)):
        return Ephemeral(payload[1:])
    if payload[:1] == bytes((_EPHEMERAL_WITH_HIDDEN,)):
        length, at = read_varint(payload, 1)
        users = payload[at : at + length].decode().split(" ")
        return Ephemeral(payload[at + length :], frozenset(map(UserId, users)))
    if payload[:1] != bytes((_LASTING,)):
        raise ValueError("neither a lasting nor an ephemeral event")
    partition, at = read_varint(payload, 1)
    offset, at = read_varint(payload, at)
    stored = LogEvent(LogPosition(partition, offset), decode(payload[at:]))
    remember(payload, stored)
    return stored


def _occurred_at(message: pb.ChatEvent) -> datetime:
    try:
        return moment_of(message.occurred_at)
    except ValueError as error:
        raise ValueError(f"occurred_at {error}") from error


def _chat_id(text: str) -> ChatId:
    if not text:
        raise ValueError("an event without a chat")
    return ChatId(text)


_TIME_UUID = 1


def put_change(message: pb.ChatEvent, change: Change) -> None:
    """Set the `change` of a protobuf event."""
    match change:
        case MessageSent():
            message.message_sent.CopyFrom(_sent_pb(change))
        case MessageEdited(message_id, text):
            message.message_edited.CopyFrom(pb.MessageEdited(message_id=message_id.bytes, text=text))
        case MessageDeleted(message_id, for_everyone):
            message.message_deleted.CopyFrom(pb.MessageDeleted(message_id=message_id.bytes, for_everyone=for_everyone))
        case MessageWithdrawn(message_id, kept):
            message.message_withdrawn.CopyFrom(
                pb.MessageWithdrawn(message_id=message_id.bytes, kept_message_id=kept.bytes)
            )
        case ReactionSet(message_id, emoji, present):
            message.reaction_set.CopyFrom(pb.ReactionSet(message_id=message_id.bytes, emoji=emoji, present=present))
        case ReadMarkMoved(message_id):
            message.read_mark_moved.CopyFrom(pb.ReadMarkMoved(message_id=message_id.bytes))
        case GroupCreated():
            message.group_created.CopyFrom(group_pb(change))
        case GroupUpdated(title, description, avatar, visibility):
            message.group_updated.CopyFrom(
                pb.GroupUpdated(
                    title=title,
                    description=description,
                    avatar_media_id=avatar,
                    history_visibility=visibility_pb(visibility),
                )
            )
        case MemberSet():
            message.member_set.CopyFrom(member_pb(change))
        case _:
            assert_never(change)


def _sent_pb(sent: MessageSent) -> pb.MessageSent:
    return pb.MessageSent(
        client_message_id=sent.client_message_id.bytes,
        text=sent.text,
        reply_to_message_id=sent.reply_to.bytes if sent.reply_to else b"",
        attachments=[
            pb.AttachedMedia(
                media_id=media.media_id,
                content_type=media.content_type,
                file_name=media.file_name,
                size_bytes=media.size_bytes,
                width=media.width,
                height=media.height,
                has_thumbnail=media.has_thumbnail,
                sha256=media.sha256,
            )
            for media in sent.attachments
        ]
        if sent.attachments
        else (),
    )


def change_of(message: pb.ChatEvent) -> Change:
    """Return the change of a protobuf event.

    Raise ValueError if the kind of change is unknown or an id is malformed.
    """
    match message.WhichOneof("change"):
        case "message_sent":
            return _sent(message.message_sent)
        case "message_edited":
            return MessageEdited(_message_id(message.message_edited.message_id), message.message_edited.text)
        case "message_deleted":
            deleted = message.message_deleted
            return MessageDeleted(_message_id(deleted.message_id), deleted.for_everyone)
        case "message_withdrawn":
            withdrawn = message.message_withdrawn
            return MessageWithdrawn(_message_id(withdrawn.message_id), _message_id(withdrawn.kept_message_id))
        case "reaction_set":
            reaction = message.reaction_set
            return ReactionSet(_message_id(reaction.message_id), reaction.emoji, reaction.present)
        case "read_mark_moved":
            return ReadMarkMoved(_message_id(message.read_mark_moved.message_id))
        case "group_created":
            return _group_created(message.group_created)
        case "group_updated":
            return _group_updated(message.group_updated)
        case "member_set":
            return _member_set(message.member_set)
        case None:
            raise ValueError("an event without a change that this program knows")


def _sent(sent: pb.MessageSent) -> MessageSent:
    return MessageSent(
        client_message_id=_uuid(sent.client_message_id, "client_message_id"),
        text=sent.text,
        reply_to=_message_id(sent.reply_to_message_id) if sent.reply_to_message_id else None,
        attachments=tuple(
            AttachedMedia(
                media_id=media.media_id,
                content_type=media.content_type,
                file_name=media.file_name,
                size_bytes=media.size_bytes,
                width=media.width,
                height=media.height,
                has_thumbnail=media.has_thumbnail,
                sha256=media.sha256,
            )
            for media in sent.attachments
        ),
    )


def _group_created(created: pb.GroupCreated) -> GroupCreated:
    members = {UserId(member.user_id): _role(member.role) for member in created.members}
    return GroupCreated(
        client_group_id=_uuid(created.client_group_id, "client_group_id"),
        title=created.title,
        description=created.description,
        avatar_media_id=created.avatar_media_id,
        members={user_id: role for user_id, role in members.items() if role is not None},
        history_visibility=_visibility(created.history_visibility),
    )


def _group_updated(updated: pb.GroupUpdated) -> GroupUpdated:
    return GroupUpdated(
        title=updated.title if updated.HasField("title") else None,
        description=updated.description if updated.HasField("description") else None,
        avatar_media_id=updated.avatar_media_id if updated.HasField("avatar_media_id") else None,
        history_visibility=_visibility(updated.history_visibility),
    )


def _member_set(member: pb.MemberSet) -> MemberSet:
    return MemberSet(
        user_id=UserId(member.user_id),
        role=_role(member.role),
        joined=_id_or_none(member.joined_event_id, "joined_event_id"),
        hidden=tuple(
            HiddenRange(
                _id_or_none(each.after_message_id, "after_message_id"),
                _id_or_none(each.through_message_id, "through_message_id"),
            )
            for each in member.hidden
        ),
    )


def _visibility(value: pb.HistoryVisibility.ValueType) -> HistoryVisibility | None:
    """Return the setting. A value that this program does not know hides more rather than less."""
    if value == pb.HISTORY_VISIBILITY_UNSPECIFIED:
        return None
    return HistoryVisibility.SHARED if value == pb.HISTORY_VISIBILITY_SHARED else HistoryVisibility.JOINED


def _role(role: pb.MemberRole.ValueType) -> Role | None:
    return None if role == pb.MEMBER_ROLE_UNSPECIFIED else Role(role)


def _uuid(data: bytes, name: str) -> UUID:
    if len(data) != 16:
        raise ValueError(f"{name} has {len(data)} bytes, not 16")
    return UUID(bytes=data)


def time_uuid(data: bytes, name: str) -> UUID:
    """Parse the 16 bytes of a TimeUUID. If the bytes are no TimeUUID, raise ValueError with the field's name."""
    result = _uuid(data, name)
    if result.version != _TIME_UUID:
        raise ValueError(f"{name} {result} is no TimeUUID")
    return result


def _id_or_none(data: bytes, name: str) -> UUID | None:
    return time_uuid(data, name) if data else None


def _message_id(data: bytes) -> UUID:
    return time_uuid(data, "message_id")


def varint(number: int) -> bytes:
    """Encode a number ≥ 0 as a varint: seven bits per byte, the lowest bits first."""
    coded = bytearray()
    while number > 0x7F:
        coded.append(number & 0x7F | 0x80)
        number >>= 7
    coded.append(number)
    return bytes(coded)


def read_varint(data: bytes, start: int = 0) -> tuple[int, int]:
    """Return the varint at `start` and the index after the varint. Raise ValueError if the data ends too early."""
    number = shift = 0
    for end in range(start, len(data)):
        number |= (data[end] & 0x7F) << shift
        if data[end] < 0x80:
            return number, end + 1
        shift += 7
    raise ValueError("the number is cut short")
