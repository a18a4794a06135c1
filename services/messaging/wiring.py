"""Builds the messaging service: opens the adapters, then builds one node's use cases and live delivery with them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chatly.messaging.v1.messaging_service_pb2_grpc import add_MessagingServiceServicer_to_server

from history.open import HistoryStore
from history.ports import EventReader, HotTail, SendClaims
from history.stored_log import open_epoch_log, with_log
from history.unstored.claims import FallbackSendClaims, MemorySendClaims
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import TailRenewal, read_again, refill
from history.view import History
from kernel.bus.ports import LiveBus
from kernel.grpc.context import current_request_id
from kernel.ids import HybridClock
from kernel.log.epoch_log import EpochLog
from kernel.log.ports import EventLog, LogReader
from kernel.platform import Platform
from kernel.service import Service
from kernel.telemetry.metrics import counter
from kernel.time import Clock
from services.messaging.adapters.bus import BlockFeed, BusTypingSignal
from services.messaging.adapters.grpc import GrpcMediaLibrary, GrpcUserDirectory
from services.messaging.api.grpc import MessagingServicer
from services.messaging.api.mapping.live import ProtoStreamEncoder
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.chat_states import ChatStates
from services.messaging.chats import Chats
from services.messaging.create_group import CreateGroup
from services.messaging.delete_message import DeleteMessage
from services.messaging.edit_message import EditMessage
from services.messaging.erase_user import EraseRate, EraseUser
from services.messaging.event_publisher import EventPublisher
from services.messaging.groups import Groups
from services.messaging.list_message_files import ListMessageFiles
from services.messaging.list_messages import ListMessages
from services.messaging.list_own_messages import ListOwnMessages
from services.messaging.list_own_reactions import ListOwnReactions
from services.messaging.list_removed_messages import ListRemovedMessages
from services.messaging.live.cursor import LogLineage
from services.messaging.live.encoding import DeliveryEncoder
from services.messaging.live.follow_log import FollowedTail, LogFollower
from services.messaging.live.hub import Hub
from services.messaging.live.lifecycle import Drain, Heartbeats
from services.messaging.live.replay import ReplayReader
from services.messaging.live.send_messages import SendMessages, SendRate
from services.messaging.live.subscribe import Subscribe
from services.messaging.mark_read import MarkRead
from services.messaging.messages import Messages
from services.messaging.ownership import GroupOwnership
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.search_messages import SearchMessages
from services.messaging.send_message import SendMessage
from services.messaging.set_typing import SetTyping
from services.messaging.settings import MessagingSettings
from services.messaging.toggle_reaction import ToggleReaction
from services.messaging.user_blocks import CachedUserDirectory

_HEALTH_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The open adapters of a node. Nodes with the same adapters serve the same chats."""

    clock: Clock
    log: EventLog
    bus: LiveBus
    store: HistoryStore
    tail: HotTail
    claims: SendClaims
    directory: UserDirectory
    media: MediaLibrary


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagingNode:
    """The servicer of one node, and the parts that run beside it.

    The caller opens and closes the hub, and runs the loops of `states`, `blocks`, `hub` and `heartbeats`.
    """

    servicer: MessagingServicer
    states: ChatStates
    blocks: BlockFeed
    events: EventPublisher
    hub: Hub
    heartbeats: Heartbeats
    drain: Drain


@asynccontextmanager
async def open_messaging(
    settings: MessagingSettings, platform: Platform, store: HistoryStore
) -> AsyncIterator[Service]:
    """Open one node. The hot tail is refilled from the log before the first call is served."""
    async with (
        open_epoch_log(platform, store.log) as log,
        _open_node(settings, with_log(platform, log), store, log) as node,
    ):
        yield node


@asynccontextmanager
async def _open_node(
    settings: MessagingSettings, platform: Platform, store: HistoryStore, log: EpochLog
) -> AsyncIterator[Service]:
    """Open one node over a log whose offsets are ordinals."""
    tail, claims, followed = await _open_tail(platform, store, log)
    dependencies = Dependencies(
        clock=platform.clock,
        log=platform.log,
        bus=platform.bus,
        store=store,
        tail=tail,
        claims=claims,
        directory=GrpcUserDirectory(platform.service_channel("auth")),
        media=GrpcMediaLibrary(platform.user_channel("media")),
    )
    async with AsyncExitStack() as stack:
        node = build_node(settings, dependencies, lineage=log)
        stack.push_async_callback(node.events.finish)
        stack.push_async_callback(node.hub.close)
        await node.hub.open()
        renewal = TailRenewal(tail=tail, log=log, events=store.events)
        await renewal.step()
        loops = {
            "messaging hot tail": renewal.run,
            "messaging chats": node.states.run,
            "messaging blocks": node.blocks.run,
            "messaging live": node.hub.run,
            "messaging heartbeats": node.heartbeats.run,
        }
        if followed is not None:
            follower = LogFollower(
                bus=platform.bus,
                log=platform.log_reader,
                events=store.events,
                tail=followed,
                watermark=node.hub.watermark,
                clock=platform.clock,
            )
            loops["messaging log follower"] = follower.run
        yield Service(
            name="messaging",
            grpc_services=["chatly.messaging.v1.MessagingService"],
            mount=[partial(add_MessagingServiceServicer_to_server, node.servicer)],
            loops=loops,
            health={"log or store": partial(problem_of_both, platform.log_reader, store.events)},
            warnings={"bus": partial(problem_of_bus, platform.bus)},
            drain=node.drain,
        )


def build_node(settings: MessagingSettings, dependencies: Dependencies, *, lineage: LogLineage) -> MessagingNode:
    clock, bus, store, tail = dependencies.clock, dependencies.bus, dependencies.store, dependencies.tail
    media, claims = dependencies.media, dependencies.claims
    ids = HybridClock(clock=clock, follow_corrections=True)
    history = History(messages=store.messages, chats=store.chats, events=store.events, tail=tail, clock=clock)
    states = ChatStates(history=history, bus=bus, ids=ids, clock=clock, capacity=settings.known_chats)
    directory = CachedUserDirectory(dependencies.directory, clock=clock, fresh=settings.blocks_seconds)
    failures = counter(
        "chatly_messaging_pass_on_failures_total",
        "Durable events that could not be put into the tail or on the bus; readers get them later.",
        ["part"],
    )
    events = EventPublisher(
        log=dependencies.log,
        states=states,
        tail=tail,
        bus=bus,
        ids=ids,
        clock=clock,
        request_id=current_request_id,
        on_failure=lambda part: failures.labels(part).inc(),
    )
    authorizer = ChatAuthorizer(states=states, directory=directory)
    messages = Messages(authorizer=authorizer, history=history)
    ownership = GroupOwnership(states=states, directory=directory, events=events)
    sends = counter("chatly_messaging_sends_total", "Sends that were answered with a message.", ["outcome"])
    send_message = SendMessage(
        authorizer=authorizer,
        history=history,
        messages=messages,
        claims=claims,
        media=media,
        events=events,
        on_accepted=sends.labels("accepted").inc,
        on_repeated=sends.labels("repeated").inc,
    )
    stream_encoder = ProtoStreamEncoder()
    encoder = DeliveryEncoder(encoder=stream_encoder, chats=history)
    hub = Hub(bus=bus, encoder=encoder, events=store.events, tail=tail)
    replays = ReplayReader(source=history, events=store.events, encoder=encoder)
    servicer = MessagingServicer(
        send_message=send_message,
        send_messages=SendMessages(
            send=send_message, rate=SendRate(clock=clock, per_second=settings.stream_sends_per_second)
        ),
        edit_message=EditMessage(authorizer=authorizer, messages=messages, events=events),
        delete_message=DeleteMessage(authorizer=authorizer, history=history, messages=messages, events=events),
        messages=messages,
        list_messages=ListMessages(authorizer=authorizer, history=history),
        search_messages=SearchMessages(authorizer=authorizer, history=history),
        toggle_reaction=ToggleReaction(authorizer=authorizer, messages=messages, events=events),
        chats=Chats(authorizer=authorizer, history=history, states=states, directory=directory, ownership=ownership),
        mark_read=MarkRead(authorizer=authorizer, history=history, messages=messages, events=events),
        set_typing=SetTyping(
            authorizer=authorizer, directory=directory, signal=BusTypingSignal(bus=bus, clock=clock), clock=clock
        ),
        create_group=CreateGroup(
            authorizer=authorizer,
            states=states,
            history=history,
            claims=claims,
            directory=directory,
            media=media,
            events=events,
        ),
        groups=Groups(
            authorizer=authorizer,
            history=history,
            directory=directory,
            media=media,
            events=events,
            ownership=ownership,
        ),
        list_own_messages=ListOwnMessages(history=history),
        list_own_reactions=ListOwnReactions(history=history),
        list_removed_messages=ListRemovedMessages(stored=store.messages),
        list_message_files=ListMessageFiles(scan=store.scan),
        log=lineage,
        erase_user=EraseUser(
            history=history, events=events, rate=EraseRate(clock=clock, per_second=settings.erased_per_second)
        ),
        subscribe=Subscribe(hub=hub, replays=replays, encoder=stream_encoder, log=lineage),
    )
    return MessagingNode(
        servicer=servicer,
        states=states,
        blocks=BlockFeed(bus=bus, directory=directory),
        events=events,
        hub=hub,
        heartbeats=Heartbeats(hub=hub, encoder=stream_encoder, clock=clock),
        drain=Drain(hub=hub, encoder=stream_encoder),
    )


async def _open_tail(
    platform: Platform, store: HistoryStore, log: EpochLog
) -> tuple[HotTail, SendClaims, FollowedTail | None]:
    """Return the hot tail and the claims, and the hot tail that a LogFollower fills, or None if no follower is needed.

    Embedded, tail and claims belong to this process alone. Distributed, all nodes share them, with those of this
    process as the fallback. The follower then fills the same hot tail.
    """
    tail, claims = MemoryHotTail(), MemorySendClaims(clock=platform.clock)
    if platform.engines is None:
        return tail, claims, None
    # Import these here, because an image installs only the drivers that it uses.
    from history.unstored.fallback import FallbackHotTail
    from history.unstored.redis import RedisHotTail
    from history.unstored.redis_claims import RedisSendClaims

    shared = RedisHotTail(redis=platform.engines.redis, log_id=await log.log_id())
    with_fallback = FallbackHotTail(
        shared=shared,
        own=tail,
        refill=partial(refill, tail=shared, log=log, events=store.events),
        read_again=partial(read_again, log),
        events=store.events,
        clock=platform.clock,
    )
    shared_claims = RedisSendClaims(redis=platform.engines.redis, clock=platform.clock)
    return with_fallback, FallbackSendClaims(shared=shared_claims, own=claims), with_fallback


async def problem_of_bus(bus: LiveBus) -> str | None:
    """Return a description of the effects on users while the bus is down, or None while the bus is up."""
    if bus.up:
        return None
    return "the live bus (Redis) is down: live events come from the log within 2 s, typing and presence are not shown"


async def problem_of_both(log: LogReader, events: EventReader) -> str | None:
    """Return the problems of the log and the store, or None while at least one of the two works.

    Users can read without the log and write without the store, so a node is unhealthy only without both. An engine that
    does not answer in time counts as broken. Both are checked at the same time.
    """
    log_problem, store_problem = await asyncio.gather(_problem(log.ends(), "log"), _problem(events.stored(), "store"))
    return f"{log_problem}; {store_problem}" if log_problem and store_problem else None


async def _problem(answer: Awaitable[object], name: str) -> str | None:
    try:
        async with asyncio.timeout(_HEALTH_TIMEOUT):
            await answer
    except TimeoutError:
        return f"the {name} does not answer within {_HEALTH_TIMEOUT:g} s"
    except Exception as error:  # noqa: BLE001 - the health report includes any error
        return str(error) or type(error).__name__
    return None
