"""Chats, groups and roles: model to proto, and requests to model."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from chatly.messaging.v1 import live_pb2, message_pb2, messaging_service_pb2

from history.audience import members_of
from history.model import ChatState, HiddenRange, HistoryVisibility, LwwRegister, Role
from history.view import ChatOverview
from history.visibility import newest_visible, visibility_of
from kernel.errors import invalid_field
from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.messaging.api.mapping.messages import message_pb, user_id_of, uuid_of
from services.messaging.model import Details, NewGroup

_DETAILS = ("title", "description", "avatar_media_id", "history_visibility")
_VISIBILITIES = {
    HistoryVisibility.SHARED: message_pb2.HISTORY_VISIBILITY_SHARED,
    HistoryVisibility.JOINED: message_pb2.HISTORY_VISIBILITY_JOINED,
}


def role_pb(role: Role | None) -> message_pb2.Role.ValueType:
    """Return the role as the protos name it; UNSPECIFIED for None."""
    return message_pb2.Role.ValueType(role or 0)


def role_of(role: message_pb2.Role.ValueType) -> Role | None:
    """Return the role in a request; None for UNSPECIFIED."""
    return Role(role) if role else None


def chat_pb(overview: ChatOverview) -> message_pb2.Chat:
    """Return the chat as its member sees it."""
    state, hidden = overview.state, overview.hidden
    return message_pb2.Chat(
        chat_id=state.chat_id,
        kind=_kind(state),
        title=_text(state.title),
        description=_text(state.description),
        avatar_media_id=_text(state.avatar_media_id),
        members=_members(state, state.read_marks, hidden),
        last_message=message_pb(overview.last_message) if overview.last_message else None,
        unread_count=overview.unread_count,
        last_activity_at=timestamp(overview.last_activity_at) if state.created_at else None,
        created_at=timestamp(state.created_at) if state.created_at else None,
        unread_after_id=str(overview.unread_after or ""),
        history_visibility=_visibility_pb(state),
        hidden_ranges=[
            message_pb2.HiddenRange(after_message_id=str(each.after or ""), through_message_id=str(each.through or ""))
            for each in hidden
        ],
    )


def summary_pb(state: ChatState) -> live_pb2.ChatSummary:
    """Return the chat's details, which are the same for every member."""
    return live_pb2.ChatSummary(
        kind=_kind(state),
        title=_text(state.title),
        description=_text(state.description),
        avatar_media_id=_text(state.avatar_media_id),
        members=_members(state, {}, ()),
        history_visibility=_visibility_pb(state),
    )


def _kind(state: ChatState) -> message_pb2.ChatKind.ValueType:
    return message_pb2.CHAT_KIND_DIRECT if state.chat_id.is_direct else message_pb2.CHAT_KIND_GROUP


def _text(value: LwwRegister | None) -> str:
    return value.value if value else ""


def _visibility_pb(state: ChatState) -> message_pb2.HistoryVisibility.ValueType:
    if state.chat_id.is_direct:
        return message_pb2.HISTORY_VISIBILITY_UNSPECIFIED
    return _VISIBILITIES[visibility_of(state)]


def _visibility_of(value: message_pb2.HistoryVisibility.ValueType) -> HistoryVisibility | None:
    """Return the setting in a request; None for UNSPECIFIED."""
    return next((visibility for visibility, pb in _VISIBILITIES.items() if pb == value), None)


def _members(
    state: ChatState, read_marks: Mapping[UserId, UUID], hidden: Sequence[HiddenRange]
) -> list[message_pb2.Member]:
    roles: dict[UserId, Role | None] = (
        dict.fromkeys(state.chat_id.members) if state.chat_id.is_direct else {**members_of(state)}
    )
    visible = read_marks
    if hidden:
        visible = {user: mark for user, each in read_marks.items() if (mark := newest_visible(hidden, each))}
    return [
        message_pb2.Member(user_id=user, role=role_pb(role), read_message_id=str(visible.get(user, "")))
        for user, role in sorted(roles.items())
    ]


def new_group(request: messaging_service_pb2.CreateGroupRequest) -> NewGroup:
    return NewGroup(
        client_group_id=uuid_of("client_group_id", request.client_group_id),
        title=request.title,
        description=request.description,
        avatar_media_id=request.avatar_media_id.lower(),
        member_ids=tuple(map(user_id_of, request.member_ids)),
        history_visibility=_visibility_of(request.history_visibility),
    )


def details(request: messaging_service_pb2.UpdateGroupRequest) -> Details:
    """Return the fields that the mask names, or without a mask the fields that are not empty.

    Raise INVALID_FIELD if the mask names an unknown field, or a `history_visibility` that is not set.
    """
    paths = request.update_mask.paths
    for path in paths:
        if path not in _DETAILS:
            raise invalid_field("update_mask", f"accepts {', '.join(_DETAILS)}, got {path!r}")
    texts = {
        "title": request.title,
        "description": request.description,
        "avatar_media_id": request.avatar_media_id.lower(),
    }
    visibility = _visibility_of(request.history_visibility)
    if visibility is None and "history_visibility" in paths:
        raise invalid_field("history_visibility", "must be SHARED or JOINED")
    return Details(
        **{name: value for name, value in texts.items() if name in paths or (not paths and value)},
        history_visibility=visibility if not paths or "history_visibility" in paths else None,
    )
