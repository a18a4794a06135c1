"""Who is in a chat and who may see an event. Pure; the rights of roles belong to messaging."""

from collections.abc import Mapping

from history.model import ChatEvent, ChatState, GroupCreated, MemberSet, MessageDeleted, Role
from kernel.ids import UserId


def members_of(state: ChatState) -> Mapping[UserId, Role]:
    """Who is in the chat now, with roles; the two of a direct chat are both MEMBER."""
    if state.chat_id.is_direct:
        return dict.fromkeys(state.chat_id.members, Role.MEMBER)
    return {user_id: word.role for user_id, word in state.memberships.items() if word.role is not None}


def role_in(state: ChatState, user_id: UserId) -> Role | None:
    """As `members_of`, of one user; None: no member. Costs the same however large the group is."""
    if state.chat_id.is_direct:
        return Role.MEMBER if user_id in state.chat_id.members else None
    word = state.memberships.get(user_id)
    return word.role if word else None


def users_of(event: ChatEvent) -> frozenset[UserId]:
    """Users that the event itself names: the two of a direct chat, the actor, its audience, the members it sets."""
    named = set(event.audience) | set(members_set_by(event))
    if event.actor_id is not None:
        named.add(event.actor_id)
    if event.chat_id.is_direct:
        named.update(event.chat_id.members)
    return frozenset(named)


def members_set_by(event: ChatEvent) -> frozenset[UserId]:
    """Users whose place in a group the event changes."""
    match event.change:
        case GroupCreated(members=members):
            return frozenset(members)
        case MemberSet(user_id=user_id):
            return frozenset((user_id,))
        case _:
            return frozenset()


def is_private(event: ChatEvent) -> bool:
    """Whether only its actor may hear of it: they deleted a message for themselves."""
    return isinstance(event.change, MessageDeleted) and not event.change.for_everyone


def may_see(event: ChatEvent, user_id: UserId, state: ChatState | None) -> bool:
    """Whether a user may hear of an event, by who is in the chat now. Those who left hear only of that."""
    if is_private(event):
        return event.actor_id == user_id
    if state is not None and role_in(state, user_id):
        return True
    if event.chat_id.is_direct:
        return user_id in event.chat_id.members
    return isinstance(event.change, MemberSet) and event.change.user_id == user_id


def audience_of(event: ChatEvent, state: ChatState | None) -> frozenset[UserId]:
    """Everyone who may hear of an event. `state`: the chat after it; None: as far as the event itself tells."""
    known = frozenset(members_of(state)) if state is not None else users_of(event)
    return frozenset(user_id for user_id in known | users_of(event) if may_see(event, user_id, state))
