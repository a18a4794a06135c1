"""Serialization of groups and their members in events."""

from uuid import UUID

from chatly.event.v1 import event_pb2 as pb

from history.model import GroupCreated, HistoryVisibility, MemberSet, Role

_VISIBILITIES = {
    HistoryVisibility.SHARED: pb.HISTORY_VISIBILITY_SHARED,
    HistoryVisibility.JOINED: pb.HISTORY_VISIBILITY_JOINED,
}


def group_pb(created: GroupCreated) -> pb.GroupCreated:
    """Return a new group as protobuf."""
    members = [pb.GroupMember(user_id=user_id, role=_role_pb(role)) for user_id, role in created.members.items()]
    return pb.GroupCreated(
        client_group_id=created.client_group_id.bytes,
        title=created.title,
        description=created.description,
        avatar_media_id=created.avatar_media_id,
        members=members,
        history_visibility=visibility_pb(created.history_visibility),
    )


def member_pb(member: MemberSet) -> pb.MemberSet:
    """Return a change of a membership as protobuf."""
    return pb.MemberSet(
        user_id=member.user_id,
        role=_role_pb(member.role),
        joined_event_id=_bytes_or_empty(member.joined),
        hidden=[
            pb.HiddenRange(
                after_message_id=_bytes_or_empty(each.after), through_message_id=_bytes_or_empty(each.through)
            )
            for each in member.hidden
        ],
    )


def _bytes_or_empty(message_id: UUID | None) -> bytes:
    return message_id.bytes if message_id else b""


def visibility_pb(visibility: HistoryVisibility | None) -> pb.HistoryVisibility.ValueType:
    """Return a setting as protobuf. None: unspecified."""
    return _VISIBILITIES[visibility] if visibility else pb.HISTORY_VISIBILITY_UNSPECIFIED


def _role_pb(role: Role | None) -> pb.MemberRole.ValueType:
    return pb.MemberRole.ValueType(0 if role is None else role.value)
