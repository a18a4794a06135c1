"""What a chat's id and state say about who is in it. Pure; rights beyond membership are messaging's business."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from history.model import ChatEvent, ChatId, ChatState, GroupCreated, MemberSet, MessageDeleted, Role
from kernel.ids import UserId

_GROUPS = UUID("6f1c7f0e-5f0b-4a53-9d0a-6f7b8f2f3c11")
_SEPARATOR = "_"


def direct_chat_id(one: UserId, other: UserId) -> ChatId:
    """The chat of two people: their ids, sorted."""
    return ChatId(_SEPARATOR.join(sorted((one, other))))


def group_chat_id(creator_id: UserId, client_group_id: UUID) -> ChatId:
    """The group that a creation makes: a retry with the same `client_group_id` means the same group."""
    return ChatId(str(uuid5(_GROUPS, f"{creator_id}{_SEPARATOR}{client_group_id}")))


def is_direct(chat_id: ChatId) -> bool:
    """Whether it is the chat of two people, not a group."""
    return _SEPARATOR in chat_id


def direct_members(chat_id: ChatId) -> tuple[UserId, UserId]:
    """The two people of a direct chat; raise ValueError for an id that is none."""
    one, other = chat_id.split(_SEPARATOR)
    return UserId(one), UserId(other)


def other_member(chat_id: ChatId, user_id: UserId) -> UserId:
    """The other one of a direct chat."""
    one, other = direct_members(chat_id)
    return one if user_id == other else other


def members_of(state: ChatState) -> Mapping[UserId, Role]:
    """Who is in the chat now, with roles; the two of a direct chat are both MEMBER."""
    if is_direct(state.chat_id):
        return dict.fromkeys(direct_members(state.chat_id), Role.MEMBER)
    return {user_id: word.role for user_id, word in state.memberships.items() if word.role is not None}


def role_in(state: ChatState, user_id: UserId) -> Role | None:
    """As `members_of`, of one user; None: no member. Costs the same however large the group is."""
    if is_direct(state.chat_id):
        return Role.MEMBER if user_id in direct_members(state.chat_id) else None
    word = state.memberships.get(user_id)
    return word.role if word else None


def users_of(event: ChatEvent) -> frozenset[UserId]:
    """Users that the event itself names: the two of a direct chat, the actor, its audience, the members it sets."""
    named = set(event.audience) | set(members_set_by(event))
    if event.actor_id is not None:
        named.add(event.actor_id)
    if is_direct(event.chat_id):
        named.update(direct_members(event.chat_id))
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
    if is_direct(event.chat_id):
        return user_id in direct_members(event.chat_id)
    return isinstance(event.change, MemberSet) and event.change.user_id == user_id


def audience_of(event: ChatEvent, state: ChatState | None) -> frozenset[UserId]:
    """Everyone who may hear of an event. `state`: the chat after it; None: as far as the event itself tells."""
    known = frozenset(members_of(state)) if state is not None else users_of(event)
    return frozenset(user_id for user_id in known | users_of(event) if may_see(event, user_id, state))
