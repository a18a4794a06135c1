"""Live events over gRPC-web through Envoy."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing

import httpx
from chatly.messaging.v1 import live_pb2 as live
from chatly.messaging.v1 import messaging_service_pb2 as messaging

from tests.e2e.grpc_web import GrpcWeb
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people, rest_over_tls
from tests.e2e.rest.talk import send

SUBSCRIBE = "/chatly.messaging.v1.MessagingService/Subscribe"
TABS = 20


async def subscribed(browser: httpx.AsyncClient, person: Person) -> AsyncGenerator[live.LiveEvent, None]:
    """Yield every live event of a user."""
    request = messaging.SubscribeRequest()
    answers = GrpcWeb(browser, person.headers).stream(SUBSCRIBE, request, messaging.SubscribeResponse)
    async with aclosing(answers):
        async for answer in answers:
            for event in answer.events:
                yield event


async def next_of(events: AsyncIterator[live.LiveEvent], kind: str) -> live.LiveEvent:
    """Return the next event of this kind; skip heartbeats and others."""
    async with asyncio.timeout(10):
        async for event in events:
            if event.WhichOneof("event") == kind:
                return event
    raise AssertionError(f"the stream ended without {kind}")


async def test_a_stream_delivers_while_it_is_open(mesh: Mesh, browser: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with rest_over_tls(mesh) as other, aclosing(subscribed(browser, bob)) as events:
        await next_of(events, "caught_up")
        first = await send(other, ann, bob, "one")
        seen_first = await next_of(events, "message_created")
        second = await send(other, ann, bob, "two")
        seen_second = await next_of(events, "message_created")

    assert [event.message_created.message_id for event in (seen_first, seen_second)] == [
        first["message_id"],
        second["message_id"],
    ]


async def test_many_tabs_fit_into_one_connection_with_http2(mesh: Mesh) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with rest_over_tls(mesh) as browser, AsyncExitStack() as tabs:
        streams = [await tabs.enter_async_context(aclosing(subscribed(browser, bob))) for _ in range(TABS)]
        await asyncio.gather(*(next_of(stream, "caught_up") for stream in streams))
        sent = await send(browser, ann, bob, "to all of them")
        seen = await asyncio.gather(*(next_of(stream, "message_created") for stream in streams))

    assert {event.message_created.message_id for event in seen} == {sent["message_id"]}
