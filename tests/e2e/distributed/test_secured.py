"""The whole mesh without plaintext: engines with TLS and users, mutual TLS between services and Envoy."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import httpx
import pytest
import pytest_asyncio

from engines.certificates import Authority
from mesh.services import SERVICES
from tests.e2e.commands.chatly import chatly
from tests.e2e.distributed.test_missing_engine import serving
from tests.e2e.distributed.test_two_nodes import send
from tests.e2e.live.listener import listening
from tests.e2e.mesh import HOST, Mesh, running_mesh
from tests.e2e.people import people, rest
from tests.engines.secured import Secured
from tests.ports import free_ports
from tests.waiting import eventually

# The first test starts the engines.
pytestmark = [pytest.mark.engines("secured"), pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def environ(secured: Secured) -> dict[str, str]:
    name = "secured"
    return {
        **secured.environ,
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_TOPIC": name,
        "CHATLY_KAFKA_PARTITIONS": "2",
        "CHATLY_CASSANDRA_KEYSPACE": name,
        "CHATLY_S3_BUCKET": name,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secret_mesh(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> AsyncIterator[Mesh]:
    folder = tmp_path_factory.mktemp("secret")
    authority = Authority(folder / "certificates")
    pair = authority.issue("mesh", [*SERVICES, "web", "edge"])
    certified = {
        "CHATLY_TLS_CERT_FILE": str(pair.certificate),
        "CHATLY_TLS_KEY_FILE": str(pair.key),
        "CHATLY_TLS_CA_FILE": str(authority.ca),
    }
    migrated = await chatly({**os.environ, **environ}, "migrate")
    assert migrated.exit_code == 0, migrated.output
    async with running_mesh(folder, **environ, **certified) as mesh:
        yield mesh


@pytest.mark.asyncio(loop_scope="module")
async def test_users_exchange_messages_and_files(secret_mesh: Mesh) -> None:
    ann, bob = await people(secret_mesh, "ann", "bob")
    async with grpc.aio.insecure_channel(secret_mesh.edge) as edge, rest(secret_mesh) as client:
        async with listening(edge, bob) as of_bob:
            await of_bob.until_caught_up()
            message_id = await send(edge, ann, bob, "hello")
            assert (await of_bob.next("message_created")).message_created.message_id == message_id
        file = {"file": ("a.txt", b"some text", "text/plain")}
        uploaded = await client.post("/api/upload/message", files=file, headers=ann.headers)
        loaded = await client.get(uploaded.json()["url"], headers=ann.headers)

    assert loaded.content == b"some text"


@pytest.mark.parametrize(
    ("service", "variable", "value"),
    [
        ("presence", "CHATLY_REDIS_PASSWORD", "wrong"),
        ("presence", "CHATLY_CASSANDRA_PASSWORD", "wrong"),
        ("messaging", "CHATLY_KAFKA_PASSWORD", "wrong"),
        ("messaging", "CHATLY_KAFKA_CA_FILE", "other"),
    ],
)
async def test_a_service_refused_by_an_engine_names_it_and_waits(
    secured: Secured, environ: dict[str, str], tmp_path: Path, *, service: str, variable: str, value: str
) -> None:
    free = free_ports()
    http_address = f"{HOST}:{next(free)}"
    log = tmp_path / "service.log"
    settings = {
        **os.environ,
        **environ,
        variable: secured.other_ca if value == "other" else value,
        "CHATLY_SERVICE_SECRET": "Yq3v8rT1kZ0bN5xW7cJ2mL9pD4sF6gHa",
        f"CHATLY_{service.upper()}_GRPC_PORT": str(next(free)),
        f"CHATLY_{service.upper()}_HTTP_PORT": http_address.rpartition(":")[2],
    }
    async with serving(service, settings, log) as process, httpx.AsyncClient() as client:

        async def is_reported() -> bool:
            try:
                health = await client.get(f"http://{http_address}/healthz")
            except httpx.TransportError:
                return False
            return health.status_code == 503 and variable in json.dumps(health.json()["checks"])

        await eventually(is_reported, f"/healthz names {variable}", seconds=60)
        assert process.returncode is None

    said = log.read_text()
    assert variable in said
    assert "Traceback" not in said


async def test_plaintext_beyond_this_machine_is_refused_in_one_line(environ: dict[str, str]) -> None:
    away = {
        **os.environ,
        **environ,
        "CHATLY_SERVICE_SECRET": "Yq3v8rT1kZ0bN5xW7cJ2mL9pD4sF6gHa",
        "CHATLY_REDIS_URL": "redis://redis.example.org:6379",
    }

    service = await chatly(away, "serve", "presence")
    edge = await chatly({**away, "CHATLY_EDGE_HOST": "0.0.0.0"}, "edge-config")

    assert (service.exit_code, edge.exit_code) == (2, 2)
    assert "begin it with rediss://" in service.output
    assert "set CHATLY_EDGE_TLS_CERTIFICATE" in edge.output
    assert "Traceback" not in service.output + edge.output
