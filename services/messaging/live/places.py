"""Users' places in groups: what an event makes of them, and what a stream that comes has to know. Pure."""

from collections.abc import Iterable, Mapping

from history.chat_id import ChatId
from history.model import ChatEvent, ChatState, GroupCreated, MemberSet, Membership
from kernel.ids import UserId, time_key


def places_set_by(event: ChatEvent) -> Mapping[UserId, Membership]:
    """Whose place in the event's group it changes, and to what."""
    match event.change:
        case GroupCreated(members=members):
            return {user_id: Membership(event.event_id, role) for user_id, role in members.items()}
        case MemberSet(user_id=user_id, role=role):
            return {user_id: Membership(event.event_id, role)}
        case _:
            return {}


def places_of(user_id: UserId, states: Iterable[ChatState]) -> Mapping[ChatId, Membership]:
    """The user's place in those of the chats that are groups and know the user."""
    return {
        state.chat_id: state.memberships[user_id]
        for state in states
        if not state.chat_id.is_direct and user_id in state.memberships
    }


def places_left(user_id: UserId, events: Iterable[ChatEvent]) -> Mapping[ChatId, Membership]:
    """Of the groups in which the events set the user's place: those that the user is out of at last."""
    newest: dict[ChatId, Membership] = {}
    for event in events:
        place, known = places_set_by(event).get(user_id), newest.get(event.chat_id)
        if place and (known is None or time_key(place.event_id) > time_key(known.event_id)):
            newest[event.chat_id] = place
    return {chat_id: place for chat_id, place in newest.items() if place.role is None}


def takes_out(event: ChatEvent, user_id: UserId) -> bool:
    """Whether it ends the user's membership."""
    place = places_set_by(event).get(user_id)
    return place is not None and place.role is None
