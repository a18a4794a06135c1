"""Group memberships as events change them. Pure."""

from collections.abc import Iterable, Mapping

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, GroupCreated, MemberSet, Membership
from kernel.ids import UserId, time_key


def memberships_set_by(event: ChatEvent) -> Mapping[UserId, Membership]:
    """Return the memberships that the event sets in its group, by user."""
    match event.change:
        case GroupCreated(members=members):
            return {user_id: Membership(event.event_id, role) for user_id, role in members.items()}
        case MemberSet(user_id=user_id, role=role, hidden=hidden):
            return {user_id: Membership(event.event_id, role, hidden=hidden)}
        case _:
            return {}


def memberships_of(user_id: UserId, states: Iterable[ChatState]) -> Mapping[ChatId, Membership]:
    """Return the user's membership, current or ended, in each group among these chats."""
    return {
        state.chat_id: state.memberships[user_id]
        for state in states
        if not state.chat_id.is_direct and user_id in state.memberships
    }


def memberships_ended(user_id: UserId, events: Iterable[ChatEvent]) -> Mapping[ChatId, Membership]:
    """Return the ended membership of each group that the user is not in after these events, given in any order."""
    newest: dict[ChatId, Membership] = {}
    for event in events:
        membership, known = memberships_set_by(event).get(user_id), newest.get(event.chat_id)
        if membership and (known is None or time_key(membership.event_id) > time_key(known.event_id)):
            newest[event.chat_id] = membership
    return {chat_id: membership for chat_id, membership in newest.items() if membership.role is None}


def ends_membership(event: ChatEvent, user_id: UserId) -> bool:
    """Return whether the event removes this user from its group."""
    membership = memberships_set_by(event).get(user_id)
    return membership is not None and membership.role is None
