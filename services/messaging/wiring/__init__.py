"""Builds the messaging service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from chatly.messaging.v1.messaging_service_pb2_grpc import add_MessagingServiceServicer_to_server

from history.open import HistoryStore
from history.unstored.refill import refill
from kernel.platform import Platform
from kernel.service import Service
from services.messaging.adapters.grpc.media_library import GrpcMediaLibrary
from services.messaging.adapters.grpc.user_directory import GrpcUserDirectory
from services.messaging.api.grpc import MessagingServicer
from services.messaging.settings import MessagingSettings
from services.messaging.wiring.health import what_is_broken
from services.messaging.wiring.node import Node, build_node
from services.messaging.wiring.tail import open_tail
from services.messaging.wiring.use_cases import Ground


@asynccontextmanager
async def open_messaging(
    settings: MessagingSettings, platform: Platform, store: HistoryStore
) -> AsyncIterator[Service]:
    """One node. Its hot tail, its own or that of all nodes, is refilled from the log before anybody is served."""
    log_id = await platform.log_reader.log_id()
    tail, claims = open_tail(platform, store, log_id=log_id)
    ground = Ground(
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
        node = build_node(settings, ground, log_id=log_id)
        stack.push_async_callback(node.publisher.settle)
        stack.push_async_callback(node.hub.close)
        await node.hub.open()
        await refill(tail=tail, log=platform.log_reader, events=store.events)
        yield _service(node, platform, store)


def _service(node: Node, platform: Platform, store: HistoryStore) -> Service:
    return Service(
        name="messaging",
        grpc_services=["chatly.messaging.v1.MessagingService"],
        mount=[partial(add_MessagingServiceServicer_to_server, MessagingServicer(node.use))],
        loops={
            "messaging chats": node.states.listen,
            "messaging live": node.hub.run,
            "messaging heartbeats": node.heartbeats.run,
        },
        health={"log or store": partial(what_is_broken, platform.log_reader, store.events)},
        drain=node.drain,
    )
