"""Builds the messaging service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chatly.messaging.v1.messaging_service_pb2_grpc import add_MessagingServiceServicer_to_server

from history.adapters.memory_claims import MemorySendClaims
from history.adapters.memory_tail import MemoryHotTail
from history.open import HistoryStore
from history.ports import HotTail, SendClaims
from history.recover import refill
from history.view import History
from kernel.bus.ports import LiveBus
from kernel.clock import Clock
from kernel.ids import HybridClock
from kernel.log.ports import EventLog
from kernel.platform import Platform
from kernel.rpc.context import request_var
from kernel.service import Service
from services.messaging.adapters.bus_typing_signal import BusTypingSignal
from services.messaging.adapters.grpc_media_library import GrpcMediaLibrary
from services.messaging.adapters.grpc_user_directory import GrpcUserDirectory
from services.messaging.adapters.metrics import MessagingMetrics
from services.messaging.add_members import AddMembers
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
from services.messaging.live.drain import Drain
from services.messaging.live.heartbeats import Heartbeats
from services.messaging.live.hub import Hub
from services.messaging.live.rendering import Rendering
from services.messaging.live.replays import Replays
from services.messaging.live.send_messages import SendMessages
from services.messaging.live.subscribe import Subscribe
from services.messaging.mapping.stream import SubscribeWire
from services.messaging.mark_read import MarkRead
from services.messaging.members import Members
from services.messaging.peers import CachedUserDirectory
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.publish import Publisher
from services.messaging.remove_member import RemoveMember
from services.messaging.rpc.servicer import MessagingServicer, MessagingUseCases
from services.messaging.send_message import SendMessage
from services.messaging.set_typing import SetTyping
from services.messaging.settings import MessagingSettings
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
class Node:
    """The commands and queries of one node, and what runs beside them."""

    use: MessagingUseCases
    history: History
    states: ChatStates
    publisher: Publisher
    hub: Hub
    heartbeats: Heartbeats
    drain: Drain


@asynccontextmanager
async def open_messaging(
    settings: MessagingSettings, platform: Platform, store: HistoryStore
) -> AsyncIterator[Service]:
    """One node, with the hot tail in memory, refilled from the log before anybody is served."""
    tail = MemoryHotTail()
    ground = Ground(
        clock=platform.clock,
        log=platform.log,
        bus=platform.bus,
        store=store,
        tail=tail,
        claims=MemorySendClaims(),
        directory=GrpcUserDirectory(platform.service_channel("auth")),
        media=GrpcMediaLibrary(platform.user_channel("media")),
    )
    log_id = await platform.log_reader.log_id()
    async with AsyncExitStack() as stack:
        node = build_node(settings, ground, log_id=log_id)
        stack.push_async_callback(node.publisher.settle)
        stack.push_async_callback(node.hub.close)
        await node.hub.open()
        await refill(tail=tail, log=platform.log_reader, events=store.events)
        yield _service(node, platform, store)


def _service(node: Node, platform: Platform, store: HistoryStore) -> Service:
    async def check_log() -> str | None:
        await platform.log_reader.ends()
        return None

    async def check_store() -> str | None:
        await store.events.stored()
        return None

    return Service(
        name="messaging",
        grpc_services=["chatly.messaging.v1.MessagingService"],
        mount=[partial(add_MessagingServiceServicer_to_server, MessagingServicer(node.use))],
        loops={
            "messaging chats": node.states.listen,
            "messaging live": node.hub.run,
            "messaging heartbeats": node.heartbeats.run,
        },
        health={"log": check_log, "store": check_store},
        drain=node.drain,
    )


def build_node(settings: MessagingSettings, ground: Ground, *, log_id: str) -> Node:
    """One node over what is open. Its hub is to be opened and closed, its loops are to be run."""
    ids = HybridClock(clock=ground.clock)
    metrics = MessagingMetrics()
    history = History(
        messages=ground.store.messages, chats=ground.store.chats, events=ground.store.events, tail=ground.tail
    )
    states = ChatStates(history=history, bus=ground.bus, ids=ids, clock=ground.clock, capacity=settings.known_chats)
    publisher = Publisher(
        log=ground.log, states=states, tail=ground.tail, bus=ground.bus, on_failure=metrics.not_passed_on
    )
    directory = CachedUserDirectory(ground.directory, clock=ground.clock, fresh=settings.blocks_seconds)
    parts = _Parts(
        ground=ground,
        history=history,
        states=states,
        journal=publisher,
        directory=directory,
        members=Members(states=states, directory=directory),
        events=Events(ids=ids, clock=ground.clock, request_id=_request_id),
        metrics=metrics,
    )
    live = _live(ground, history, log_id=log_id)
    return Node(
        use=_use_cases(parts, live.subscribe),
        history=history,
        states=states,
        publisher=publisher,
        hub=live.hub,
        heartbeats=live.heartbeats,
        drain=live.drain,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """Live delivery of one node."""

    hub: Hub
    subscribe: Subscribe
    heartbeats: Heartbeats
    drain: Drain


def _live(ground: Ground, history: History, *, log_id: str) -> _Live:
    wire = SubscribeWire()
    rendering = Rendering(wire=wire, chats=history)
    hub = Hub(bus=ground.bus, rendering=rendering, events=ground.store.events, tail=ground.tail)
    replays = Replays(past=history, events=ground.store.events, rendering=rendering)
    return _Live(
        hub=hub,
        subscribe=Subscribe(hub=hub, replays=replays, wire=wire, log_id=log_id),
        heartbeats=Heartbeats(hub=hub, wire=wire, clock=ground.clock),
        drain=Drain(hub=hub, wire=wire),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What several use cases share."""

    ground: Ground
    history: History
    states: ChatStates
    journal: Publisher
    directory: UserDirectory
    members: Members
    events: Events
    metrics: MessagingMetrics


def _use_cases(parts: _Parts, subscribe: Subscribe) -> MessagingUseCases:
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
        send_messages=SendMessages(send=send_message),
        subscribe=subscribe,
        edit_message=EditMessage(members=members, history=history, events=events, journal=journal),
        delete_message=DeleteMessage(members=members, history=history, events=events, journal=journal),
        get_message=GetMessage(members=members, history=history),
        list_messages=ListMessages(members=members, history=history),
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
        list_contacts=ListContacts(history=history, directory=directory),
    )


def _request_id() -> str:
    request = request_var.get(None)
    return request.request_id if request else ""
