"""Open streams: expiry, revocation, limits and cleaning up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub
from prometheus_client import REGISTRY

from kernel.errors import not_found
from kernel.grpc.settings import ServerSettings
from services.auth.errors import AuthReason
from tests.builders import an_id
from tests.fakes import FakeClock, Mesh, Served, running
from tests.rpc.kernel.harness import a_service, failure, info, reason

ANNA = an_id()


class Room:
    """A Connect handler that responds once and then waits. Reports when it is closed."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def connect(self, _: object, __: object) -> AsyncIterator[pb.ConnectResponse]:
        try:
            yield pb.ConnectResponse(snapshot=True)
            await asyncio.Event().wait()
        finally:
            self.left.set()


def _connect(
    served: Served, *, session_id: str | None = None, life: float = 900
) -> grpc.aio.UnaryStreamCall[pb.ConnectRequest, pb.ConnectResponse]:
    stub = PresenceServiceStub(served.channel)
    return stub.Connect(pb.ConnectRequest(), metadata=served.as_user(ANNA, session_id=session_id, life=life))


async def test_an_idle_stream_ends_with_its_session() -> None:
    room = Room()
    async with running(a_service("presence", Connect=room.connect)) as served:
        call = _connect(served, session_id="the-session")
        await call.read()
        served.mesh.keys.revoked.add("the-session")
        async with asyncio.timeout(5):
            error = await failure(call.read())
            await room.left.wait()

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_ENDED")


async def test_an_idle_stream_ends_when_its_token_expires() -> None:
    clock = FakeClock()
    async with running(a_service("presence", Connect=Room().connect), mesh=Mesh(clock=clock)) as served:
        call = _connect(served, life=60)
        await call.read()
        clock.advance(60)
        async with asyncio.timeout(5):
            error = await failure(call.read())

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_a_stream_that_sends_all_the_time_ends_with_its_session() -> None:
    async def busy(_: object, __: object) -> AsyncIterator[pb.ConnectResponse]:
        while True:
            yield pb.ConnectResponse()
            await asyncio.sleep(0)

    async with running(a_service("presence", Connect=busy)) as served:
        call = _connect(served, session_id="the-session")
        await call.read()
        served.mesh.keys.revoked.add("the-session")

        async def drain() -> None:
            while await call.read() is not grpc.aio.EOF:
                pass

        async with asyncio.timeout(10):
            error = await failure(drain())

    assert reason(error) == "SESSION_ENDED"


async def test_a_bidirectional_stream_ends_with_its_session() -> None:
    async def echo(requests: AsyncIterator[Any], _: object) -> AsyncIterator[messaging_pb.SendMessagesResponse]:
        async for _request in requests:
            yield messaging_pb.SendMessagesResponse()

    async with running(a_service("messaging", SendMessages=echo)) as served:
        call = MessagingServiceStub(served.channel).SendMessages(metadata=served.as_user(ANNA, session_id="s"))
        send = messaging_pb.SendMessageRequest(chat_id=an_id(), client_message_id=an_id(), text="hello")
        await call.write(messaging_pb.SendMessagesRequest(send=send))
        await call.read()
        served.mesh.keys.revoked.add("s")
        async with asyncio.timeout(5):
            error = await failure(call.read())

    assert reason(error) == "SESSION_ENDED"


async def test_an_upload_ends_with_its_session() -> None:
    arrived = asyncio.Event()

    async def upload(requests: AsyncIterator[Any], _: object) -> media_pb.UploadResponse:
        async for _request in requests:
            arrived.set()
        return media_pb.UploadResponse()

    async with running(a_service("media", Upload=upload)) as served:
        call = MediaServiceStub(served.channel).Upload(metadata=served.as_user(ANNA, session_id="s"))
        await call.write(media_pb.UploadRequest(data=b"some"))
        await arrived.wait()
        served.mesh.keys.revoked.add("s")
        async with asyncio.timeout(5):
            error = await failure(call)

    assert reason(error) == "SESSION_ENDED"


async def test_a_stream_is_cleaned_up_when_its_client_disconnects() -> None:
    room = Room()
    async with running(a_service("presence", Connect=room.connect)) as served:
        call = _connect(served)
        await call.read()
        call.cancel()
        async with asyncio.timeout(5):
            await room.left.wait()


async def test_a_stream_is_cleaned_up_when_its_client_disconnects_without_reading() -> None:
    left = asyncio.Event()

    async def flood(_: object, __: object) -> AsyncIterator[bytes]:
        piece = pb.ConnectResponse(presences=[pb.Presence(user_id="x" * 60_000)]).SerializeToString()
        try:
            while True:
                yield piece
        finally:
            left.set()

    async with running(a_service("presence", Connect=flood)) as served:
        call = _connect(served)
        await call.read()
        call.cancel()
        async with asyncio.timeout(10):
            await left.wait()
            while _open_streams():  # noqa: ASYNC110 - the gauge is read, it cannot be waited for
                await asyncio.sleep(0.01)


def _open_streams() -> float:
    method = "chatly.presence.v1.PresenceService/Connect"
    return REGISTRY.get_sample_value("chatly_rpc_open_streams", {"method": method}) or 0.0


async def test_open_streams_are_counted_while_they_are_open() -> None:
    async with running(a_service("presence", Connect=Room().connect)) as served:
        before = _open_streams()
        call = _connect(served)
        await call.read()
        assert _open_streams() == before + 1
        call.cancel()
        async with asyncio.timeout(5):
            while _open_streams() > before:  # noqa: ASYNC110 - the gauge is read, it cannot be waited for
                await asyncio.sleep(0.01)


async def test_an_error_in_mid_stream_arrives_after_the_responses_before_it() -> None:
    async def failing(_: object, __: object) -> AsyncIterator[pb.ConnectResponse]:
        yield pb.ConnectResponse(snapshot=True)
        raise not_found(AuthReason.USER_NOT_FOUND, "gone")

    async with running(a_service("presence", Connect=failing)) as served:
        call = _connect(served)
        assert await call.read() == pb.ConnectResponse(snapshot=True)
        error = await failure(call.read())

    assert (error.code(), reason(error)) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")


async def test_bytes_are_sent_unchanged() -> None:
    async def ready_made(_: object, __: object) -> AsyncIterator[bytes]:
        once = pb.ConnectResponse(presences=[pb.Presence(user_id=ANNA)]).SerializeToString()
        yield once + once

    async with running(a_service("presence", Connect=ready_made)) as served:
        answer = await _connect(served).read()

    assert answer == pb.ConnectResponse(presences=[pb.Presence(user_id=ANNA), pb.Presence(user_id=ANNA)])


async def test_a_user_has_a_limit_of_streams_and_closing_one_allows_another() -> None:
    room = Room()
    settings = ServerSettings(max_streams_per_user=2, grace_seconds=1.0)
    async with running(a_service("presence", Connect=room.connect), settings=settings) as served:
        first, second = _connect(served), _connect(served)
        await first.read()
        await second.read()
        error = await failure(_connect(served).read())
        first.cancel()
        async with asyncio.timeout(5):
            await room.left.wait()
            assert await _connect(served).read() == pb.ConnectResponse(snapshot=True)

    assert (error.code(), reason(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
    assert info(error).metadata["limit"] == "2"
