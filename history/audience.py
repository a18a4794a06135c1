"""Pure functions for the members of a chat, the users who may see an event, and the bus channels of an event.

The service messaging has the rules for roles.
"""

from collections.abc import Mapping, Sequence

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, GroupCreated, MemberSet, MessageDeleted, Role
from history.visibility import hides, viewer_of
from kernel.ids import UserId

STORED_CHANNEL = "stored"
"""The bus channel of the persister's watermark. `history.watermark.encode_watermark` makes the payload."""


def members_of(state: ChatState) -> Mapping[UserId, Role]:
    """Return the current members with their roles. Both users of a direct chat have the role MEMBER."""
    if state.chat_id.is_direct:
        return dict.fromkeys(state.chat_id.members, Role.MEMBER)
    return {
        user_id: membership.role for user_id, membership in state.memberships.items() if membership.role is not None
    }


def role_in(state: ChatState, user_id: UserId) -> Role | None:
    """Return a user's role, or None if the user is not a member. The cost does not depend on the size of the group."""
    if state.chat_id.is_direct:
        return Role.MEMBER if user_id in state.chat_id.members else None
    membership = state.memberships.get(user_id)
    return membership.role if membership else None


def users_of(event: ChatEvent) -> frozenset[UserId]:
    """Return the users that the event names: the actor, the audience, both users of a direct chat, and in a group the
    users whose membership the event changes.
    """
    users = event.chat_id.members if event.chat_id.is_direct else members_set_by(event)
    actor = () if event.actor_id is None else (event.actor_id,)
    return frozenset((*users, *event.audience, *actor))


def members_set_by(event: ChatEvent) -> frozenset[UserId]:
    """Return the users whose membership the event changes."""
    match event.change:
        case GroupCreated(members=members):
            return frozenset(members)
        case MemberSet(user_id=user_id):
            return frozenset((user_id,))
        case _:
            return frozenset()


def is_private(event: ChatEvent) -> bool:
    """Return whether only the actor may see the event, because it deletes a message for the actor alone."""
    return isinstance(event.change, MessageDeleted) and not event.change.for_everyone


def may_see(event: ChatEvent, user_id: UserId, state: ChatState | None) -> bool:
    """Return whether a user may see an event. `state` has the current members, or is None if the chat is unknown.

    A former member of a group sees only changes of their own membership. A member sees no event of a message that is
    hidden from them.
    """
    if is_private(event):
        return event.actor_id == user_id
    if state is not None and role_in(state, user_id):
        return not hides(viewer_of(state, user_id).hidden, event)
    if event.chat_id.is_direct:
        return user_id in event.chat_id.members
    return isinstance(event.change, MemberSet) and event.change.user_id == user_id


def audience_of(event: ChatEvent, state: ChatState | None) -> frozenset[UserId]:
    """Return all users who may see an event.

    `state` is the chat after the event. If `state` is None, only users named by the event are considered.
    """
    known = frozenset(members_of(state)) if state is not None else users_of(event)
    return frozenset(user_id for user_id in known | users_of(event) if may_see(event, user_id, state))


def user_channel(user_id: UserId) -> str:
    """Return the channel of one user.

    The channel carries events of the user's direct chats, the user's deletions for themselves, and group events that
    name the user as member or audience.
    """
    return f"user:{user_id}"


def chat_channel(chat_id: ChatId) -> str:
    """Return the channel of one group."""
    return f"chat:{chat_id}"


def channels_of(event: ChatEvent) -> Sequence[str]:
    """Return the channels on which a lasting event is published, without repeats."""
    if is_private(event):
        return [user_channel(event.actor_id)] if event.actor_id is not None else []
    if event.chat_id.is_direct:
        one, other = event.chat_id.members
        return [user_channel(one), user_channel(other)]
    concerned = sorted(members_set_by(event) | set(event.audience))
    return [chat_channel(event.chat_id), *map(user_channel, concerned)]
