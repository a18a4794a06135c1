"""Limits of the calls of each user."""

from typing import Any

import grpc
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.options.v1.rate_pb2 import rate
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from kernel.grpc.interceptors.rates import declared_rate
from kernel.grpc.settings import ServerSettings
from tests.builders import an_id
from tests.fakes import FakeClock, Mesh, Served, running
from tests.rpc.kernel.harness import a_service, failure, info, retry_seconds

ANN, BOB = an_id(), an_id()


async def _leave(_: Any, __: Any) -> pb.LeaveGroupResponse:  # noqa: ANN401
    return pb.LeaveGroupResponse()


async def _get_chat(_: Any, __: Any) -> pb.GetChatResponse:  # noqa: ANN401
    return pb.GetChatResponse()


def leave(served: Served, user_id: str) -> Any:  # noqa: ANN401
    request = pb.LeaveGroupRequest(chat_id=an_id())
    return MessagingServiceStub(served.channel).LeaveGroup(request, metadata=served.as_user(user_id))


async def test_calls_above_the_limit_fail_with_the_time_to_wait_and_only_those_of_their_user() -> None:
    clock = FakeClock()
    service = a_service("messaging", LeaveGroup=_leave, GetChat=_get_chat)
    settings = ServerSettings(grace_seconds=1.0, user_rates=0.1)
    async with running(service, mesh=Mesh(clock=clock), settings=settings) as served:
        for _ in range(6):
            await leave(served, ANN)
        error = await failure(leave(served, ANN))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (info(error).reason, dict(info(error).metadata)) == ("RATE_LIMITED", {"limit": "6", "seconds": "60"})
        assert retry_seconds(error) == pytest.approx(10)

        await leave(served, BOB)
        for _ in range(20):
            request = pb.GetChatRequest(chat_id=an_id())
            await MessagingServiceStub(served.channel).GetChat(request, metadata=served.as_user(ANN))
        clock.advance(10)
        await leave(served, ANN)


async def test_a_factor_of_zero_ends_all_limits() -> None:
    settings = ServerSettings(grace_seconds=1.0, user_rates=0)
    async with running(a_service("messaging", LeaveGroup=_leave), settings=settings) as served:
        for _ in range(100):
            await leave(served, ANN)


async def test_a_server_refuses_to_start_with_a_writing_method_without_a_limit() -> None:
    method: MethodDescriptor = pb.DESCRIPTOR.services_by_name["MessagingService"].methods_by_name["LeaveGroup"]
    assert declared_rate(method) is not None
    options = MethodOptions()
    options.CopyFrom(method.GetOptions())
    options.ClearExtension(rate)

    class WithoutLimit:
        full_name = method.full_name

        def GetOptions(self) -> Any:  # noqa: ANN401
            return options

    with pytest.raises(ValueError, match="declare how often a user may call it"):
        declared_rate(WithoutLimit())  # type: ignore[arg-type]
