"""What happened in a chat as protobuf, one message for each kind of change. The event around it is in `codec`."""

from typing import assert_never
from uuid import UUID

from chatly.event.v1 import event_pb2 as pb

from history.model import (
    AttachedMedia,
    Change,
    GroupCreated,
    GroupUpdated,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from kernel.ids import UserId

_TIME_UUID = 1


def put_change(message: pb.ChatEvent, change: Change) -> None:
    """Write what happened into an event."""
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
            message.group_created.CopyFrom(_group_pb(change))
        case GroupUpdated(title, description, avatar):
            message.group_updated.CopyFrom(
                pb.GroupUpdated(title=title, description=description, avatar_media_id=avatar)
            )
        case MemberSet(user_id, role):
            message.member_set.CopyFrom(pb.MemberSet(user_id=user_id, role=_role_pb(role)))
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
        ],
    )


def _group_pb(created: GroupCreated) -> pb.GroupCreated:
    members = [pb.GroupMember(user_id=user_id, role=_role_pb(role)) for user_id, role in created.members.items()]
    return pb.GroupCreated(
        client_group_id=created.client_group_id.bytes,
        title=created.title,
        description=created.description,
        avatar_media_id=created.avatar_media_id,
        members=members,
    )


def _role_pb(role: Role | None) -> pb.MemberRole.ValueType:
    return pb.MemberRole.ValueType(0 if role is None else role.value)


def change_of(message: pb.ChatEvent) -> Change:
    """What happened; raise ValueError if it is nothing that this program knows, or lacks an id."""
    match message.WhichOneof("change"):
        case "message_sent":
            return _sent(message.message_sent)
        case "message_edited":
            edited = message.message_edited
            return MessageEdited(_message_id(edited.message_id), edited.text)
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
            member = message.member_set
            return MemberSet(UserId(member.user_id), _role(member.role))
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
    )


def _group_updated(updated: pb.GroupUpdated) -> GroupUpdated:
    return GroupUpdated(
        title=updated.title if updated.HasField("title") else None,
        description=updated.description if updated.HasField("description") else None,
        avatar_media_id=updated.avatar_media_id if updated.HasField("avatar_media_id") else None,
    )


def _role(role: pb.MemberRole.ValueType) -> Role | None:
    return None if role == pb.MEMBER_ROLE_UNSPECIFIED else Role(role)


def _uuid(data: bytes, name: str) -> UUID:
    if len(data) != 16:  # noqa: PLR2004 - the size of a UUID
        raise ValueError(f"{name} has {len(data)} bytes, not 16")
    return UUID(bytes=data)


def time_uuid(data: bytes, name: str) -> UUID:
    """The TimeUUID of 16 bytes; raise ValueError for other bytes, calling them `name`."""
    result = _uuid(data, name)
    if result.version != _TIME_UUID:
        raise ValueError(f"{name} {result} is no TimeUUID")
    return result


def _message_id(data: bytes) -> UUID:
    return time_uuid(data, "message_id")
