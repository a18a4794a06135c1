"""Chats, groups and roles: model to proto, and requests to model."""

from chatly.messaging.v1 import live_pb2, message_pb2, messaging_service_pb2

from history.audience import members_of
from history.model import ChatState, LwwRegister, Role
from history.view import ChatOverview
from kernel.errors import invalid_field
from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.messaging.api.mapping.messages import message_pb, user_id_of, uuid_of
from services.messaging.model import Details, NewGroup

_DETAILS = ("title", "description", "avatar_media_id")


def role_pb(role: Role | None) -> message_pb2.Role.ValueType:
    """Return the role as the protos name it; UNSPECIFIED for None."""
    return message_pb2.Role.ValueType(role or 0)


def role_of(role: message_pb2.Role.ValueType) -> Role | None:
    """Return the role in a request; None for UNSPECIFIED."""
    return Role(role) if role else None


def chat_pb(overview: ChatOverview) -> message_pb2.Chat:
    """Return the chat as its member sees it."""
    state = overview.state
    return message_pb2.Chat(
        chat_id=state.chat_id,
        kind=_kind(state),
        title=_text(state.title),
        description=_text(state.description),
        avatar_media_id=_text(state.avatar_media_id),
        members=_members(state, read_marks=True),
        last_message=message_pb(overview.last_message) if overview.last_message else None,
        unread_count=overview.unread_count,
        last_activity_at=timestamp(overview.last_activity_at) if state.created_at else None,
        created_at=timestamp(state.created_at) if state.created_at else None,
        unread_after_id=str(overview.unread_after or ""),
    )


def summary_pb(state: ChatState) -> live_pb2.ChatSummary:
    """Return the chat's details, which are the same for every member."""
    return live_pb2.ChatSummary(
        kind=_kind(state),
        title=_text(state.title),
        description=_text(state.description),
        avatar_media_id=_text(state.avatar_media_id),
        members=_members(state, read_marks=False),
    )


def _kind(state: ChatState) -> message_pb2.ChatKind.ValueType:
    return message_pb2.CHAT_KIND_DIRECT if state.chat_id.is_direct else message_pb2.CHAT_KIND_GROUP


def _text(value: LwwRegister | None) -> str:
    return value.value if value else ""


def _members(state: ChatState, *, read_marks: bool) -> list[message_pb2.Member]:
    roles: dict[UserId, Role | None] = (
        dict.fromkeys(state.chat_id.members) if state.chat_id.is_direct else {**members_of(state)}
    )
    marks = state.read_marks if read_marks else {}
    return [
        message_pb2.Member(user_id=user, role=role_pb(role), read_message_id=str(marks.get(user, "")))
        for user, role in sorted(roles.items())
    ]


def new_group(request: messaging_service_pb2.CreateGroupRequest) -> NewGroup:
    return NewGroup(
        client_group_id=uuid_of("client_group_id", request.client_group_id),
        title=request.title,
        description=request.description,
        avatar_media_id=request.avatar_media_id.lower(),
        member_ids=tuple(map(user_id_of, request.member_ids)),
    )


def details(request: messaging_service_pb2.UpdateGroupRequest) -> Details:
    """Return the fields that the mask names, or without a mask the fields that are not empty.

    Raise INVALID_FIELD if the mask names an unknown field.
    """
    paths = request.update_mask.paths
    for path in paths:
        if path not in _DETAILS:
            raise invalid_field("update_mask", f"accepts {', '.join(_DETAILS)}, got {path!r}")
    values = {
        "title": request.title,
        "description": request.description,
        "avatar_media_id": request.avatar_media_id.lower(),
    }
    return Details(**{name: value for name, value in values.items() if name in paths or (not paths and value)})
