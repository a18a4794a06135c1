"""Each service on its own port: health, reflection, and `chatly serve`."""

import asyncio
import json
import signal
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from mesh.services import SERVICES
from tests.e2e.commands.chatly import CHATLY
from tests.e2e.mesh import Mesh

COMMON = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def ask_reflection(
    channel: grpc.aio.Channel, request: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    ask = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    (answer,) = [answer async for answer in ask(iter([request]))]
    return answer


async def reflected(channel: grpc.aio.Channel) -> set[str]:
    """Names of the services that the server lists."""
    answer = await ask_reflection(channel, reflection_pb2.ServerReflectionRequest(list_services=""))
    return {service.name for service in answer.list_services_response.service}


async def healthy(channel: grpc.aio.Channel, service: str) -> bool:
    """Health of a server, which may still be starting."""
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest(service=service), wait_for_ready=True, timeout=20)
    return answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_has_health_and_reflection(mesh: Mesh, name: str) -> None:
    async with grpc.aio.insecure_channel(mesh.grpc[name]) as channel:
        assert await reflected(channel) == {*SERVICES[name].grpc_services, *COMMON}
        for service in ("", *SERVICES[name].grpc_services):
            assert await healthy(channel, service)


@pytest.mark.parametrize("name", SERVICES)
async def test_reflection_describes_every_service(mesh: Mesh, name: str) -> None:
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[name].grpc_services[0])
    async with grpc.aio.insecure_channel(mesh.grpc[name]) as channel:
        answer = await ask_reflection(channel, request)

    assert answer.file_descriptor_response.file_descriptor_proto


async def test_one_service_runs_alone(tmp_path: Path) -> None:
    alone = Mesh(tmp_path, {"CHATLY_SERVICE_SECRET": "a secret of at least 32 bytes, of this test"})
    environ = {**alone.environ, "CHATLY_LOG_STYLE": "json"}
    process = await asyncio.create_subprocess_exec(CHATLY, "serve", "auth", env=environ, stderr=asyncio.subprocess.PIPE)
    try:
        async with grpc.aio.insecure_channel(alone.grpc["auth"]) as channel:
            assert await healthy(channel, "chatly.auth.v1.AuthService")
            assert await reflected(channel) == {*SERVICES["auth"].grpc_services, *COMMON}
        async with httpx.AsyncClient(base_url=f"http://{alone.http['auth']}") as http:
            assert (await http.get("/healthz")).json()["status"] == "SERVING"
            assert "chatly_rpc_calls_total" in (await http.get("/metrics")).text
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()

    assert process.returncode == 0, said
    assert {"serving", "draining"} <= {json.loads(line)["event"] for line in said.splitlines()}


@pytest.mark.parametrize("name", SERVICES)
async def test_without_a_secret_a_service_does_not_start(tmp_path: Path, name: str) -> None:
    alone = Mesh(tmp_path, {})
    process = await asyncio.create_subprocess_exec(
        CHATLY, "serve", name, env=dict(alone.environ), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()

    assert process.returncode == 2
    assert b"CHATLY_SERVICE_SECRET" in said
