"""A service whose engines are unreachable names them, refuses calls with UNAVAILABLE, and recovers."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest
from chatly.presence.v1 import presence_service_pb2 as presence
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub
from grpc_health.v1 import health_pb2

from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import HOST
from tests.engines.own_redis import OwnRedis
from tests.ports import free_ports
from tests.problems import rpc_reason
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(90)]


@asynccontextmanager
async def serving(service: str, environ: Mapping[str, str], log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mesh", "serve", service, env=environ, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def status_of(address: str) -> int:
    async with grpc.aio.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service="chatly.presence.v1.PresenceService"), timeout=2)
        except grpc.aio.AioRpcError:
            return health_pb2.HealthCheckResponse.UNKNOWN
    return int(answer.status)


async def test_a_service_without_its_engine_waits_for_it(tmp_path: Path, engines: dict[str, str]) -> None:
    redis, free = OwnRedis(tmp_path), free_ports()
    address, http_address = f"{HOST}:{next(free)}", f"{HOST}:{next(free)}"
    environ = {
        **os.environ,
        **engines,
        "CHATLY_SERVICE_SECRET": "x" * 32,
        "CHATLY_REDIS_URL": redis.settings().url,
        "CHATLY_PRESENCE_GRPC_PORT": address.rpartition(":")[2],
        "CHATLY_PRESENCE_HTTP_PORT": http_address.rpartition(":")[2],
    }
    log = tmp_path / "presence.log"

    async def is_now(status: int) -> bool:
        return await status_of(address) == status

    async with serving("presence", environ, log) as process:
        await eventually(lambda: is_now(health_pb2.HealthCheckResponse.NOT_SERVING), "it says so", seconds=40)
        async with httpx.AsyncClient() as client, grpc.aio.insecure_channel(address) as channel:
            health = await client.get(f"http://{http_address}/healthz")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await PresenceServiceStub(channel).GetPresence(presence.GetPresenceRequest(user_ids=["ann"]))
        said = [line for line in log.read_text().splitlines() if "not serving" in line]

        await redis.start()
        try:
            await eventually(lambda: is_now(health_pb2.HealthCheckResponse.SERVING), "it serves", seconds=20)
        finally:
            await redis.stop()
        assert process.returncode is None

    assert health.status_code == 503
    assert f"redis at {HOST}:{redis.port}" in json.dumps(health.json())
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert rpc_reason(refused.value) == "SERVICE_UNAVAILABLE"
    assert len(said) == 1
    assert f"redis at {HOST}:{redis.port}" in said[0]


async def test_migrate_creates_everything_and_is_idempotent(engines: dict[str, str], fresh_name: str) -> None:
    environ = {**os.environ, **engines, "CHATLY_KAFKA_TOPIC": fresh_name, "CHATLY_S3_BUCKET": fresh_name}

    first, second = [await chatly(environ, "migrate") for _ in range(2)]
    other_topic = await chatly({**environ, "CHATLY_KAFKA_PARTITIONS": "5"}, "migrate")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "auth, history, presence, media" in first.output
    assert other_topic.exit_code == 1
    assert "has 4 partitions, not 5" in other_topic.output


async def test_a_setting_that_is_missing_is_named(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")}
    environ |= {"CHATLY_ENGINES": "distributed", "CHATLY_SERVICE_SECRET": "x" * 32, "CHATLY_DATA_DIR": str(tmp_path)}

    refused = await chatly(environ, "serve", "messaging")
    wrong = await chatly({**environ, "CHATLY_ENGINES": "borrowed"}, "serve", "messaging")
    whole = await chatly({**environ, "CHATLY_WEB_ADDRESS": f"{HOST}:{next(free_ports())}"}, "run")

    assert (refused.exit_code, wrong.exit_code, whole.exit_code) == (2, 2, 2)
    assert "CHATLY_REDIS_URL is not set" in whole.output
    assert "Traceback" not in whole.output
    assert "CHATLY_REDIS_URL is not set" in refused.output
    assert "must be one of embedded, distributed" in wrong.output
