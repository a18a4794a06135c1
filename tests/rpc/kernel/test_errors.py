"""Exceptions of a handler, and the status that the caller gets."""

from typing import Any, TypeAlias

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from structlog.testing import capture_logs

from kernel.errors import ChatlyError, Code, FieldViolation, KernelReason, unavailable
from services.auth.errors import AuthReason
from services.messaging.errors import MessagingReason
from tests.fakes import running
from tests.rpc.kernel.harness import (
    a_service,
    failure,
    info,
    no_keys,
    raw_call,
    reason,
    request_id,
    retry_seconds,
    violations,
)
from tests.waiting import eventually

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


async def _raised(error: Exception) -> grpc.aio.AioRpcError:
    async def handler(_: object, __: object) -> pb.GetJwksResponse:
        raise error

    async with running(a_service("auth", GetJwks=handler)) as served:
        return await failure(AuthServiceStub(served.channel).GetJwks(pb.GetJwksRequest()))


@pytest.mark.parametrize("code", list(Code))
async def test_every_code_becomes_the_status_with_the_same_name(code: Code) -> None:
    error = await _raised(ChatlyError(code, MessagingReason.BLOCKED, "so it is"))

    assert error.code().name == code.name
    assert error.details() == "so it is"
    assert reason(error) == "BLOCKED"


async def test_error_info_contains_domain_and_metadata() -> None:
    error = await _raised(ChatlyError(Code.FAILED_PRECONDITION, MessagingReason.GROUP_FULL, "full", {"limit": "500"}))

    assert info(error).domain == "chatly"
    assert dict(info(error).metadata) == {"limit": "500"}


async def test_field_violations_become_a_bad_request() -> None:
    broken = (FieldViolation("text", "too long"), FieldViolation("emoji", "none"))
    error = await _raised(ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_FIELD, "wrong", violations=broken))

    assert violations(error) == {"text": "too long", "emoji": "none"}


async def test_a_delay_becomes_retry_info() -> None:
    error = await _raised(unavailable(KernelReason.LOG_UNAVAILABLE, "later", retry_after=1.5))

    assert retry_seconds(error) == 1.5


@pytest.mark.parametrize("letter", ["a", "ä", "漢", "😀"])
async def test_a_very_long_text_is_cut(letter: str) -> None:
    error = await _raised(ChatlyError(Code.NOT_FOUND, AuthReason.USER_NOT_FOUND, letter * 20_000))

    text = error.details() or ""
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert 990 < len(text.encode()) <= 1_000
    assert set(text) == {letter, "…"}


async def test_an_internal_error_shows_only_the_request_id_that_is_in_the_log() -> None:
    with capture_logs() as logs:
        error = await _raised(RuntimeError("password=hunter2"))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert reason(error) == "INTERNAL"
    assert "hunter2" not in str(error.details())
    assert request_id(error) in str(error.details())
    (line,) = [line for line in logs if line.get("code") == "INTERNAL"]
    assert isinstance(line["exc_info"], RuntimeError)


async def test_a_status_that_a_handler_sets_itself_is_sent_and_counted() -> None:
    async def handler(_: object, context: Context) -> pb.GetJwksResponse:
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "too far")
        raise AssertionError

    async with running(a_service("auth", GetJwks=handler)) as served:
        with capture_logs() as logs:
            error = await failure(AuthServiceStub(served.channel).GetJwks(pb.GetJwksRequest()))
            # The handler sends the status, so it may arrive before the call is counted.
            await eventually(lambda: any(line["event"] == "call" for line in logs), "the call noted")

    assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too far")
    assert [line["code"] for line in logs if line["event"] == "call"] == ["OUT_OF_RANGE"]


async def test_a_method_without_a_handler_is_not_offered() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        error = await failure(AuthServiceStub(served.channel).Refresh(pb.RefreshRequest()))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert reason(error) == "NOT_OFFERED"


async def test_an_unknown_method_is_unimplemented() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        error = await failure(raw_call(served, "/chatly.auth.v1.AuthService/Nothing", b""))

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_the_request_id_of_the_caller_is_returned() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        call = AuthServiceStub(served.channel).GetJwks(pb.GetJwksRequest(), metadata=(("x-request-id", "abc-123"),))
        assert dict(await call.trailing_metadata())["x-request-id"] == "abc-123"


async def test_a_request_id_that_could_forge_log_lines_is_replaced() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        call = AuthServiceStub(served.channel).GetJwks(pb.GetJwksRequest(), metadata=(("x-request-id", "a b=c"),))
        given = dict(await call.trailing_metadata())["x-request-id"]

    assert given != "a b=c"
    assert len(given) == 32
