"""`chatly health`, the health check of containers."""

from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

from mesh.health import find_fault, serves


@pytest.fixture
async def servicer() -> aio.HealthServicer:
    return aio.HealthServicer()


@pytest.fixture
async def environ(servicer: aio.HealthServicer) -> AsyncIterator[dict[str, str]]:
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield {"CHATLY_HOST": "0.0.0.0", "CHATLY_MEDIA_GRPC_PORT": str(port)}
    await server.stop(None)


@pytest.mark.parametrize(
    ("status", "healthy"),
    [(health_pb2.HealthCheckResponse.SERVING, True), (health_pb2.HealthCheckResponse.NOT_SERVING, False)],
)
async def test_a_service_is_healthy_while_it_reports_serving(
    servicer: aio.HealthServicer,
    environ: dict[str, str],
    status: int,
    *,
    healthy: bool,
) -> None:
    await servicer.set("", status)

    assert await serves("media", environ) is healthy


async def test_the_fault_of_a_service_names_the_engines_that_it_cannot_reach(
    servicer: aio.HealthServicer, environ: dict[str, str]
) -> None:
    address = f"127.0.0.1:{environ['CHATLY_MEDIA_GRPC_PORT']}"
    await servicer.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    unnamed = await find_fault("media", address, None)
    for engine, status in (("cassandra", "SERVING"), ("redis", "NOT_SERVING"), ("s3", "NOT_SERVING")):
        await servicer.set(engine, health_pb2.HealthCheckResponse.ServingStatus.Value(status))

    assert unnamed == "not serving"
    assert await find_fault("media", address, None) == "unreachable: redis, s3"
    assert await find_fault("media", "127.0.0.1:1", None) == "no answer"


async def test_the_fault_of_a_service_names_a_wrong_clock(
    servicer: aio.HealthServicer, environ: dict[str, str]
) -> None:
    for check in ("", "clock"):
        await servicer.set(check, health_pb2.HealthCheckResponse.NOT_SERVING)

    fault = await find_fault("media", f"127.0.0.1:{environ['CHATLY_MEDIA_GRPC_PORT']}", None)

    assert fault == "its machine's clock is wrong"


async def test_a_service_that_does_not_answer_is_not_healthy(environ: dict[str, str]) -> None:
    assert not await serves("auth", environ | {"CHATLY_AUTH_GRPC_PORT": "1"})
