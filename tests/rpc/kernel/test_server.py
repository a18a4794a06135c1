"""A server from start to shutdown: health, reflection, deadlines, ports, draining."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.presence.v1 import presence_service_pb2 as pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from structlog.testing import capture_logs

from kernel.grpc.settings import ServerSettings
from kernel.service import Service
from kernel.settings import SettingsError
from kernel.sockets import reserved
from tests.builders import an_id
from tests.fakes import Served, running
from tests.rpc.kernel.harness import a_service, failure, no_keys, reason

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def _health(served: Served, name: str = "") -> int:
    return await _checked(served.channel, name)


async def _checked(channel: grpc.aio.Channel, name: str) -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer: health_pb2.HealthCheckResponse = await stub.Check(health_pb2.HealthCheckRequest(service=name))
    return answer.status


async def _until_health(served: Served, wanted: int) -> None:
    async with asyncio.timeout(10):
        while await _health(served) != wanted:  # noqa: ASYNC110 - the server is asked, it cannot be waited for
            await asyncio.sleep(0.05)


async def test_health_is_served_for_each_service_name_without_a_token() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        assert await _health(served) == SERVING
        assert await _health(served, "chatly.auth.v1.AuthService") == SERVING


async def test_thousands_of_simultaneous_calls_are_all_answered() -> None:
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        answers = await asyncio.gather(*(_health(served) for _ in range(4_000)))

    assert set(answers) == {SERVING}


async def test_health_follows_the_checks() -> None:
    broken: list[str] = ["the log is unreachable"]

    async def log() -> str | None:
        return broken[0] if broken else None

    async with running(a_service("auth", health={"log": log}, GetJwks=no_keys)) as served:
        assert await _health(served) == NOT_SERVING
        assert await _health(served, "log") == NOT_SERVING
        broken.clear()
        with capture_logs() as logs:
            await _until_health(served, SERVING)
            broken.append("again")
            await _until_health(served, NOT_SERVING)

    changes = [(line["event"], line.get("broken")) for line in logs if line["component"] == "health"]
    assert changes == [("serving again", None), ("not serving", {"log": "again"})]


async def test_a_check_that_raises_has_failed() -> None:
    async def store() -> str | None:
        raise OSError("disk gone")

    async with running(a_service("auth", health={"store": store}, GetJwks=no_keys)) as served:
        assert await _health(served) == NOT_SERVING


async def test_reflection_lists_the_services_and_their_protos() -> None:
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="chatly.auth.v1.AuthService"),
    ]
    async with running(a_service("auth", GetJwks=no_keys)) as served:
        make: Any = reflection_pb2_grpc.ServerReflectionStub
        stub = make(served.channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]

    names = {service.name for service in answers[0].list_services_response.service}
    assert {"chatly.auth.v1.AuthService", "grpc.health.v1.Health"} <= names
    file = FileDescriptorProto.FromString(answers[1].file_descriptor_response.file_descriptor_proto[0])
    assert file.package == "chatly.auth.v1"


async def test_a_unary_call_without_a_deadline_gets_one() -> None:
    async def slow(_: object, __: object) -> auth_pb.GetJwksResponse:
        await asyncio.Event().wait()
        raise AssertionError

    settings = ServerSettings(max_call_seconds=0.2, grace_seconds=1.0)
    async with running(a_service("auth", GetJwks=slow), settings=settings) as served, asyncio.timeout(5):
        error = await failure(AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest()))

    assert (error.code(), reason(error)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


async def test_a_handler_is_cancelled_when_the_deadline_of_its_client_passes() -> None:
    cancelled = asyncio.Event()

    async def slow(_: object, __: object) -> auth_pb.GetJwksResponse:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with running(a_service("auth", GetJwks=slow)) as served, asyncio.timeout(5):
        error = await failure(AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest(), timeout=0.1))
        await cancelled.wait()

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    ("port", "variable"), [("grpc_port", "CHATLY_AUTH_GRPC_PORT"), ("http_port", "CHATLY_AUTH_HTTP_PORT")]
)
async def test_a_port_in_use_is_reported_with_its_variable(port: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{number}.*{variable}"):
            async with running(
                a_service("auth", GetJwks=no_keys), settings=replace(ServerSettings(), **{port: number})
            ):
                pass


async def test_a_reserved_port_is_kept_for_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        grpc_port, http_port = first.getsockname()[1], second.getsockname()[1]
    settings = replace(ServerSettings(), grpc_port=grpc_port, http_port=http_port)
    with reserved("auth", settings):
        for port in (grpc_port, http_port):
            with socket.socket() as outgoing, pytest.raises(OSError, match="in use"):
                outgoing.bind(("127.0.0.1", port))
        async with running(a_service("auth", GetJwks=no_keys), settings=settings) as served:
            await AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest())


@pytest.mark.parametrize("kind", ["grpc", "http", "metrics"])
def test_a_port_that_cannot_be_reserved_is_reported_with_its_variable(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        settings = replace(ServerSettings(), **{f"{kind}_port": number})
        with (
            pytest.raises(SettingsError, match=f"127.0.0.1:{number}.*CHATLY_AUTH_{kind.upper()}_PORT"),
            reserved("auth", settings),
        ):
            pass


async def test_a_server_with_a_method_without_declared_access_does_not_start() -> None:
    def mount(server: grpc.aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(health_pb2_grpc.HealthServicer(), server)

    service = Service(name="auth", grpc_services=["grpc.health.v1.Health"], mount=[mount])
    with pytest.raises(ValueError, match=r"grpc\.health\.v1\.Health/Check .*who may call it"):
        async with running(service):
            pass


@dataclass
class Ending:
    """A running service that the test shuts down, and a channel that stays open."""

    served: Served
    channel: grpc.aio.Channel
    _stop: asyncio.Event
    _task: asyncio.Task[None]

    def begin(self) -> None:
        self._stop.set()

    async def finished(self) -> None:
        await self._task


@asynccontextmanager
async def _to_be_ended(service: Service) -> AsyncIterator[Ending]:
    stop = asyncio.Event()
    ready: asyncio.Future[Served] = asyncio.get_running_loop().create_future()

    async def serve() -> None:
        async with running(service, settings=ServerSettings(grace_seconds=5.0)) as served:
            ready.set_result(served)
            await stop.wait()

    task = asyncio.create_task(serve())
    served = await ready
    async with grpc.aio.insecure_channel(served.server.address) as channel, asyncio.timeout(20):
        yield Ending(served, channel, stop, task)
        stop.set()
        await task


async def test_draining_ends_streams_and_lets_running_calls_finish() -> None:
    leaving, entered, drained = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def connect(_: object, __: object) -> AsyncIterator[pb.ConnectResponse]:
        yield pb.ConnectResponse(snapshot=True)
        await leaving.wait()
        yield pb.ConnectResponse(reconnect=True)
        drained.set()

    async def slow(_: object, __: object) -> pb.SetStatusResponse:
        entered.set()
        await drained.wait()
        return pb.SetStatusResponse()

    async def drain() -> None:
        leaving.set()

    async with _to_be_ended(a_service("presence", drain=drain, Connect=connect, SetStatus=slow)) as ending:
        stub, metadata = PresenceServiceStub(ending.channel), ending.served.as_user(an_id())
        stream = stub.Connect(pb.ConnectRequest(), metadata=metadata)
        await stream.read()
        call = asyncio.ensure_future(stub.SetStatus(pb.SetStatusRequest(), metadata=metadata))
        await entered.wait()
        ending.begin()

        assert await stream.read() == pb.ConnectResponse(reconnect=True)
        assert await stream.read() is grpc.aio.EOF
        assert await call == pb.SetStatusResponse()


async def test_a_draining_server_is_not_serving_and_refuses_new_streams() -> None:
    draining, go_on = asyncio.Event(), asyncio.Event()

    async def connect(_: object, __: object) -> AsyncIterator[pb.ConnectResponse]:
        yield pb.ConnectResponse()

    async def drain() -> None:
        draining.set()
        await go_on.wait()

    async with _to_be_ended(a_service("presence", drain=drain, Connect=connect)) as ending:
        stub, metadata = PresenceServiceStub(ending.channel), ending.served.as_user(an_id())
        await stub.Connect(pb.ConnectRequest(), metadata=metadata).read()
        ending.begin()
        await draining.wait()
        error = await failure(stub.Connect(pb.ConnectRequest(), metadata=metadata).read())
        status = await _checked(ending.channel, "")
        go_on.set()

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    assert status == NOT_SERVING


async def test_a_failed_drain_does_not_keep_the_server_running() -> None:
    async def drain() -> None:
        raise RuntimeError("no")

    async with _to_be_ended(a_service("auth", drain=drain, GetJwks=no_keys)) as ending:
        ending.begin()
        await ending.finished()
        error = await failure(AuthServiceStub(ending.channel).GetJwks(auth_pb.GetJwksRequest()))

    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_an_exception_of_the_block_is_raised_unchanged() -> None:
    with pytest.raises(OSError, match="of the block"):
        async with running(a_service("auth", GetJwks=no_keys)):
            raise OSError("of the block")


async def test_a_server_listens_on_ipv6_too() -> None:
    settings = ServerSettings(host="::1", grace_seconds=1.0)
    async with running(a_service("auth", GetJwks=no_keys), settings=settings) as served:
        assert served.server.address.startswith("[::1]:")
        await AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest())
