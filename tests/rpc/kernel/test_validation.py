"""Requests that break the rules of their proto, or are not messages."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence_pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.errors import ChatlyError
from kernel.grpc.interceptors.validation import validate
from tests.builders import an_id
from tests.fakes import running
from tests.rpc.kernel.harness import a_service, failure, raw_call, reason, violations


async def _accepted(_: object, __: object) -> auth_pb.RegisterResponse:
    return auth_pb.RegisterResponse(message="accepted")


async def test_a_broken_rule_names_the_field_and_its_limit() -> None:
    async with running(a_service("auth", Register=_accepted)) as served:
        request = auth_pb.RegisterRequest(username="anna", email="anna@example.org", password="p" * 65)
        error = await failure(AuthServiceStub(served.channel).Register(request))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(error) == "INVALID_FIELD"
    assert violations(error) == {"password": "must be at most 64 characters, got 65"}
    assert error.details() == "password: must be at most 64 characters, got 65"


async def test_all_broken_rules_are_reported_at_once() -> None:
    async with running(a_service("auth", Register=_accepted)) as served:
        error = await failure(AuthServiceStub(served.channel).Register(auth_pb.RegisterRequest(email="nowhere")))

    assert set(violations(error)) >= {"username", "email", "password"}


async def test_an_element_of_a_list_is_named_by_its_index() -> None:
    async with running(a_service("presence", GetPresence=_accepted)) as served:
        request = presence_pb.GetPresenceRequest(user_ids=[an_id(), "nobody"])
        error = await failure(
            PresenceServiceStub(served.channel).GetPresence(request, metadata=served.as_user(an_id()))
        )

    assert list(violations(error)) == ["user_ids[1]"]


async def test_a_field_inside_a_message_is_named_by_its_path() -> None:
    async with running(a_service("presence", SetStatus=_accepted)) as served:
        request = presence_pb.SetStatusRequest(status=presence_pb.CustomStatus(text="x" * 101))
        error = await failure(PresenceServiceStub(served.channel).SetStatus(request, metadata=served.as_user(an_id())))

    assert violations(error) == {"status.text": "must be at most 100 characters, got 101"}


async def test_a_valid_request_reaches_its_handler() -> None:
    async with running(a_service("auth", Register=_accepted)) as served:
        request = auth_pb.RegisterRequest(username="anna", email="anna@example.org", password="long enough")
        answer = await AuthServiceStub(served.channel).Register(request)

    assert answer.message == "accepted"


async def test_bytes_that_are_not_a_message_are_malformed_and_no_internal_error() -> None:
    bad_utf8 = b"\x0a\x02\xff\xfe"
    async with running(a_service("auth", Register=_accepted)) as served:
        error = await failure(raw_call(served, "/chatly.auth.v1.AuthService/Register", bad_utf8))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(error) == "MALFORMED_REQUEST"


async def test_each_request_of_an_upload_is_validated() -> None:
    async def upload(requests: AsyncIterator[Any], _: object) -> media_pb.UploadResponse:
        async for _request in requests:
            pass
        return media_pb.UploadResponse()

    async with running(a_service("media", Upload=upload)) as served:
        call = MediaServiceStub(served.channel).Upload(metadata=served.as_user(an_id()))
        await call.write(media_pb.UploadRequest(data=b"fine"))
        await call.write(media_pb.UploadRequest(data=b"x" * (1024 * 1024 + 1)))
        error = await failure(call)

    assert violations(error) == {"data": "must be at most 1048576 bytes, got 1048577"}


async def test_in_a_bidirectional_stream_the_handler_validates_each_request() -> None:
    async def judging(requests: AsyncIterator[Any], _: object) -> AsyncIterator[messaging_pb.SendMessagesResponse]:
        async for request in requests:
            try:
                validate(request)
            except ChatlyError as error:
                yield messaging_pb.SendMessagesResponse(error=messaging_pb.SendError(reason=error.reason))
            else:
                yield messaging_pb.SendMessagesResponse(client_message_id=request.send.client_message_id)

    async with running(a_service("messaging", SendMessages=judging)) as served:
        call = MessagingServiceStub(served.channel).SendMessages(metadata=served.as_user(an_id()))
        answers: list[Any] = []
        for text in ("x" * 4_001, "hello"):
            send = messaging_pb.SendMessageRequest(chat_id=an_id(), client_message_id=an_id(), text=text)
            await call.write(messaging_pb.SendMessagesRequest(send=send))
            answers.append(await call.read())

    assert [answer.error.reason for answer in answers] == ["INVALID_FIELD", ""]
