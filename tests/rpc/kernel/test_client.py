"""Channels to other services: tokens, deadlines, retries and errors."""

import asyncio

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.persister.v1 import persister_service_pb2 as persister_pb
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceStub
from chatly.presence.v1 import presence_service_pb2 as pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.errors import ChatlyError, Code, FieldViolation, KernelReason, unavailable
from kernel.grpc.client import from_rpc_error, open_channel
from kernel.grpc.context import ServiceCaller, caller_var, current_request, current_user
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.fakes import Mesh, running
from tests.rpc.kernel.harness import a_service, failure, no_keys

ANNA = an_id()
NOBODY_HOME = "127.0.0.1:1"


async def test_the_users_token_and_the_request_id_are_sent_to_the_next_service() -> None:
    seen: list[tuple[str, str]] = []

    async def inner(_: object, __: object) -> pb.SetStatusResponse:
        seen.append((current_user().user_id, current_request().request_id))
        return pb.SetStatusResponse()

    mesh = Mesh()
    async with running(a_service("presence", SetStatus=inner), mesh=mesh) as presence:
        channel = open_channel(presence.server.address, forward="user")

        async def outer(_: object, __: object) -> auth_pb.ListSessionsResponse:
            await PresenceServiceStub(channel).SetStatus(pb.SetStatusRequest())
            return auth_pb.ListSessionsResponse()

        async with running(a_service("auth", ListSessions=outer), mesh=mesh) as auth, channel:
            metadata = (*auth.as_user(ANNA), ("x-request-id", "abc-123"))
            await AuthServiceStub(auth.channel).ListSessions(auth_pb.ListSessionsRequest(), metadata=metadata)

    assert seen == [(ANNA, "abc-123")]


async def test_a_service_channel_sends_its_own_token() -> None:
    seen: list[object] = []

    async def status(_: object, __: object) -> persister_pb.GetStatusResponse:
        seen.append(caller_var.get())
        return persister_pb.GetStatusResponse()

    mesh = Mesh()
    async with (
        running(a_service("persister", GetStatus=status), mesh=mesh) as served,
        open_channel(
            served.server.address, forward="service", service_tokens=mesh.service_tokens, name="messaging"
        ) as channel,
    ):
        await PersisterServiceStub(channel).GetStatus(persister_pb.GetStatusRequest())

    assert seen == [ServiceCaller("messaging")]


def test_a_channel_for_a_service_needs_its_name_and_the_secret() -> None:
    with pytest.raises(ValueError, match="service_tokens and name"):
        open_channel(NOBODY_HOME, forward="service")


async def _stuck(_: object, __: object) -> auth_pb.GetJwksResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_unary_call_has_a_default_deadline() -> None:
    async with (
        running(a_service("auth", GetJwks=_stuck)) as served,
        open_channel(served.server.address, forward="none", default_timeout=0.1) as channel,
        asyncio.timeout(5),
    ):
        error = await failure(AuthServiceStub(channel).GetJwks(auth_pb.GetJwksRequest()))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


class Flaky:
    """Fails the first `failures` calls with UNAVAILABLE."""

    def __init__(self, failures: int) -> None:
        self.calls = 0
        self._failures = failures

    async def __call__(self, _: object, __: object) -> None:
        self.calls += 1
        if self.calls <= self._failures:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "not now")


async def test_a_call_without_side_effects_is_retried_while_the_peer_is_unavailable() -> None:
    flaky = Flaky(failures=2)

    async def keys(request: object, context: object) -> auth_pb.GetJwksResponse:
        await flaky(request, context)
        return auth_pb.GetJwksResponse()

    async with (
        running(a_service("auth", GetJwks=keys)) as served,
        open_channel(served.server.address, forward="none", grpc_services=["chatly.auth.v1.AuthService"]) as channel,
    ):
        await AuthServiceStub(channel).GetJwks(auth_pb.GetJwksRequest())

    assert flaky.calls == 3


async def test_a_call_with_side_effects_is_not_retried() -> None:
    flaky = Flaky(failures=2)

    async def register(request: object, context: object) -> auth_pb.RegisterResponse:
        await flaky(request, context)
        return auth_pb.RegisterResponse()

    async with (
        running(a_service("auth", Register=register)) as served,
        open_channel(served.server.address, forward="none", grpc_services=["chatly.auth.v1.AuthService"]) as channel,
    ):
        request = auth_pb.RegisterRequest(username="anna", email="anna@example.org", password="long enough")
        await failure(AuthServiceStub(channel).Register(request))

    assert flaky.calls == 1


async def _seen_by_the_caller(error: Exception) -> ChatlyError:
    async def handler(_: object, __: object) -> auth_pb.GetJwksResponse:
        raise error

    async with running(a_service("auth", GetJwks=handler)) as served:
        return from_rpc_error("auth", await failure(AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest())))


@pytest.mark.parametrize(
    "error",
    [
        ChatlyError(Code.PERMISSION_DENIED, MessagingReason.ROLE_TOO_LOW, "no", {"required_role": "ADMIN"}),
        ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_FIELD, "x: y", violations=(FieldViolation("x", "y"),)),
        unavailable(KernelReason.LOG_UNAVAILABLE, "later", retry_after=2.5),
        ChatlyError(Code.UNAUTHENTICATED, KernelReason.SESSION_ENDED, "over"),
    ],
)
async def test_an_error_of_a_peer_passes_through_unchanged(error: ChatlyError) -> None:
    assert await _seen_by_the_caller(error) == error


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        unavailable(KernelReason.SHUTTING_DOWN, "bye"),
    ],
)
async def test_a_peer_that_is_too_slow_or_shutting_down_is_unavailable_by_name(error: Exception) -> None:
    seen = await _seen_by_the_caller(error)

    assert (seen.code, seen.reason) == (Code.UNAVAILABLE, KernelReason.SERVICE_UNAVAILABLE)
    assert seen.metadata == {"service": "auth"}


async def test_an_unreachable_peer_is_unavailable_by_name() -> None:
    async with open_channel(NOBODY_HOME, forward="none", default_timeout=2) as channel:
        seen = from_rpc_error("auth", await failure(AuthServiceStub(channel).GetJwks(auth_pb.GetJwksRequest())))

    assert (seen.code, seen.reason) == (Code.UNAVAILABLE, KernelReason.SERVICE_UNAVAILABLE)
    assert seen.retry_after is not None


async def test_a_status_without_error_info_is_an_internal_error_that_names_the_service() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        seen = from_rpc_error(
            "auth", await failure(PresenceServiceStub(served.channel).SetStatus(pb.SetStatusRequest()))
        )

    assert (seen.code, seen.reason) == (Code.INTERNAL, KernelReason.INTERNAL)
    assert seen.metadata == {"service": "auth"}
