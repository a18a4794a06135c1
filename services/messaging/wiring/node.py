"""Builds one node of the service over what is open: commands, queries and live delivery."""

from dataclasses import dataclass

from history.view import History
from kernel.grpc.context import request_var
from kernel.ids import HybridClock
from services.messaging.adapters.metrics import MessagingMetrics
from services.messaging.api.grpc import MessagingUseCases
from services.messaging.api.mapping.stream import SubscribeWire
from services.messaging.chat_states import ChatStates
from services.messaging.events import Events
from services.messaging.live.drain import Drain
from services.messaging.live.heartbeats import Heartbeats
from services.messaging.live.hub import Hub
from services.messaging.live.rendering import Rendering
from services.messaging.live.replays import Replays
from services.messaging.live.send_rate import SendRate
from services.messaging.live.subscribe import Subscribe
from services.messaging.members import Members
from services.messaging.publish import Publisher
from services.messaging.settings import MessagingSettings
from services.messaging.user_blocks import CachedUserDirectory
from services.messaging.wiring.use_cases import Ground, Parts, use_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The commands and queries of one node, and what runs beside them."""

    use: MessagingUseCases
    states: ChatStates
    publisher: Publisher
    hub: Hub
    heartbeats: Heartbeats
    drain: Drain


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
    parts = Parts(
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
    send_rate = SendRate(clock=ground.clock, per_second=settings.stream_sends_per_second)
    return Node(
        use=use_cases(parts, subscribe=live.subscribe, send_rate=send_rate),
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


def _request_id() -> str:
    request = request_var.get(None)
    return request.request_id if request else ""
