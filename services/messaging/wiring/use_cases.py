"""Builds the use cases of one node."""

from dataclasses import dataclass

from history.open import HistoryStore
from history.ports import HotTail, SendClaims
from history.view import History
from kernel.bus.ports import LiveBus
from kernel.log.ports import EventLog
from kernel.time import Clock
from services.messaging.adapters.bus.typing_signal import BusTypingSignal
from services.messaging.adapters.metrics import MessagingMetrics
from services.messaging.add_members import AddMembers
from services.messaging.api.grpc import MessagingUseCases
from services.messaging.chat_states import ChatStates
from services.messaging.create_group import CreateGroup
from services.messaging.delete_message import DeleteMessage
from services.messaging.edit_message import EditMessage
from services.messaging.events import Events
from services.messaging.get_chat import GetChat
from services.messaging.get_message import GetMessage
from services.messaging.groups import Groups
from services.messaging.leave_group import LeaveGroup
from services.messaging.list_chats import ListChats
from services.messaging.list_contacts import ListContacts
from services.messaging.list_messages import ListMessages
from services.messaging.list_reactions import ListReactions
from services.messaging.live.send_messages import SendMessages
from services.messaging.live.send_rate import SendRate
from services.messaging.live.subscribe import Subscribe
from services.messaging.mark_read import MarkRead
from services.messaging.members import Members
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.publish import Publisher
from services.messaging.remove_member import RemoveMember
from services.messaging.search_messages import SearchMessages
from services.messaging.send_message import SendMessage
from services.messaging.set_typing import SetTyping
from services.messaging.toggle_reaction import ToggleReaction
from services.messaging.update_group import UpdateGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the use cases of one node stand on, open. Nodes that share all of it are one service."""

    clock: Clock
    log: EventLog
    bus: LiveBus
    store: HistoryStore
    tail: HotTail
    claims: SendClaims
    directory: UserDirectory
    media: MediaLibrary


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What several use cases share."""

    ground: Ground
    history: History
    states: ChatStates
    journal: Publisher
    directory: UserDirectory
    members: Members
    events: Events
    metrics: MessagingMetrics


def use_cases(parts: Parts, *, subscribe: Subscribe, send_rate: SendRate) -> MessagingUseCases:
    members, history, events, journal = parts.members, parts.history, parts.events, parts.journal
    ground, directory = parts.ground, parts.directory
    groups = Groups(members=members, history=history, events=events, journal=journal)
    send_message = SendMessage(
        members=members,
        history=history,
        claims=ground.claims,
        media=ground.media,
        events=events,
        journal=journal,
        meter=parts.metrics,
    )
    return MessagingUseCases(
        send_message=send_message,
        send_messages=SendMessages(send=send_message, rate=send_rate),
        subscribe=subscribe,
        edit_message=EditMessage(members=members, history=history, events=events, journal=journal),
        delete_message=DeleteMessage(members=members, history=history, events=events, journal=journal),
        get_message=GetMessage(members=members, history=history),
        list_messages=ListMessages(members=members, history=history),
        search_messages=SearchMessages(members=members, history=history),
        toggle_reaction=ToggleReaction(members=members, history=history, events=events, journal=journal),
        list_reactions=ListReactions(members=members, history=history),
        list_chats=ListChats(history=history),
        get_chat=GetChat(members=members, history=history),
        mark_read=MarkRead(members=members, history=history, events=events, journal=journal),
        set_typing=SetTyping(
            members=members, signal=BusTypingSignal(bus=ground.bus, clock=ground.clock), clock=ground.clock
        ),
        create_group=CreateGroup(
            members=members,
            states=parts.states,
            history=history,
            claims=ground.claims,
            directory=directory,
            media=ground.media,
            events=events,
            journal=journal,
        ),
        update_group=UpdateGroup(groups=groups, media=ground.media, events=events),
        add_members=AddMembers(groups=groups, directory=directory),
        remove_member=RemoveMember(groups=groups),
        leave_group=LeaveGroup(groups=groups),
        list_contacts=ListContacts(history=history, states=parts.states, directory=directory),
    )
