"""One mesh on the real engines for the tests of this room: two nodes of messaging and of media, one of the others."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.e2e.mesh import HOST, Mesh, free_ports, running_mesh
from tests.engines.keyspaces import a_keyspace
from tests.engines.running import S3Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A mesh of several processes; addresses are `host:port`."""

    mesh: Mesh
    messaging: list[str]
    """gRPC of each node, past the edge."""
    media: list[str]

    def pid(self, name: str) -> int:
        """Of the newest process of that name, e.g. `messaging-2`."""
        found = re.findall(rf"^  {name} .*\(process (\d+)\)$", self.mesh.output(), re.MULTILINE)
        return int(found[-1])


@pytest.fixture(scope="module")
def keyspace(cassandra_contact_points: str) -> Iterator[str]:
    """The module's, gone afterwards."""
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture(scope="module")
def engines(
    kafka_bootstrap: str, cassandra_contact_points: str, redis_url: str, s3_server: S3Server, keyspace: str
) -> dict[str, str]:
    """Settings that lead to them, with a keyspace, a topic, a bucket and keys of the module's own."""
    return {
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "CHATLY_KAFKA_TOPIC": keyspace,
        "CHATLY_KAFKA_PARTITIONS": "4",
        "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra_contact_points,
        "CHATLY_CASSANDRA_KEYSPACE": keyspace,
        "CHATLY_REDIS_URL": redis_url,
        "CHATLY_REDIS_PREFIX": f"{keyspace}:",
        "CHATLY_S3_ENDPOINT": s3_server.endpoint,
        "CHATLY_S3_ACCESS_KEY": s3_server.access_key,
        "CHATLY_S3_SECRET_KEY": s3_server.secret_key,
        "CHATLY_S3_BUCKET": keyspace,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def nodes(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> AsyncIterator[Nodes]:
    """The module's mesh."""
    free = free_ports()
    grpc = {service: [f"{HOST}:{next(free)}" for _ in range(2)] for service in ("messaging", "media")}
    http = {service: [f"{HOST}:{next(free)}" for _ in range(2)] for service in ("messaging", "media")}
    addresses = {f"CHATLY_{service.upper()}_ADDRESS": ",".join(each) for service, each in grpc.items()}
    addresses |= {f"CHATLY_{service.upper()}_HTTP_ADDRESS": ",".join(each) for service, each in http.items()}
    async with running_mesh(tmp_path_factory.mktemp("distributed"), **engines, **addresses) as mesh:
        yield Nodes(mesh=mesh, messaging=grpc["messaging"], media=grpc["media"])
