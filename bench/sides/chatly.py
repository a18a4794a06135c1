"""Chatly as an embedded mesh and as meshes on the real engines, each reached in several ways."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import grpc.aio
import psutil
from chatly.messaging.v1.messaging_service_pb2 import CreateGroupRequest
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from bench.sides.engines import Engines
from bench.sides.side import HOST, Person
from tests.e2e.mesh import Mesh, running_mesh
from tests.load.people import LONG_SESSIONS, residents
from tests.ports import free_ports

_PROCESS = re.compile(r"^  (\w+)-\d+ .*\(process (\d+)\)$", re.MULTILINE)

# The limits per user are counted as always, and never reached.
_SETTINGS = {**LONG_SESSIONS, "CHATLY_USER_RATES": "1000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running mesh. `messaging` are the addresses of its messaging nodes."""

    mesh: Mesh
    messaging: Sequence[str]
    engines: Mapping[str, Sequence[int]] = field(default_factory=dict)
    known: list[Person] = field(default_factory=list)

    async def people(self, number: int) -> list[Person]:
        """Return the same users again, more if needed, so that their chats have a past, as most chats do."""
        new = await residents(self.mesh, max(0, number - len(self.known)))
        self.known.extend(Person(resident.token, resident.user_id) for resident in new)
        return self.known[:number]

    def services(self) -> dict[str, list[int]]:
        """Process IDs of all but the edge."""
        found: dict[str, list[int]] = {"chatly run": [self.mesh.pid]}
        for service, pid in _PROCESS.findall(self.mesh.output()):
            found.setdefault(service, []).append(int(pid))
        return found

    def edge(self) -> dict[str, list[int]]:
        children = psutil.Process(self.mesh.pid).children()
        return {"Envoy": [child.pid for child in children if "envoy" in child.name()]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chatly:
    """One way to reach a mesh: the messaging nodes directly, or through the edge, whose work then counts too."""

    name: str
    running: Running
    protocol: str = "grpc"
    through_edge: bool = False

    @property
    def addresses(self) -> tuple[str, str]:
        """With two nodes, senders use one and receivers the other."""
        nodes = self.running.messaging
        return (self.running.mesh.edge, self.running.mesh.edge) if self.through_edge else (nodes[-1], nodes[0])

    @property
    def processes(self) -> Mapping[str, Sequence[int]]:
        return self.running.services() | (self.running.edge() if self.through_edge else {})

    @property
    def engines(self) -> Mapping[str, Sequence[int]]:
        return self.running.engines

    async def people(self, number: int) -> list[Person]:
        return await self.running.people(number)

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        async with grpc.aio.insecure_channel(self.running.messaging[0]) as channel:
            request = CreateGroupRequest(
                client_group_id=str(uuid4()), title="Bench", member_ids=[member.user_id for member in members]
            )
            metadata = (("authorization", f"Bearer {owner.token}"),)
            answer = await MessagingServiceStub(channel).CreateGroup(request, metadata=metadata)
            return answer.chat.chat_id


@asynccontextmanager
async def embedded(**environ: str) -> AsyncIterator[Running]:
    """Yield a new embedded mesh. Its data folder is deleted at the end."""
    with TemporaryDirectory(prefix="chatly-bench-") as folder:
        async with running_mesh(Path(folder), **_SETTINGS, **environ) as mesh:
            yield Running(mesh=mesh, messaging=[mesh.grpc["messaging"]])


@asynccontextmanager
async def distributed(engines: Engines, *, nodes: int) -> AsyncIterator[Running]:
    """Yield a mesh on the real engines, with this many messaging nodes and one of every other service."""
    free = free_ports()
    grpc_addresses, http_addresses = ([f"{HOST}:{next(free)}" for _ in range(nodes)] for _ in range(2))
    environ = {
        **_SETTINGS,
        **engines.chatly(),
        "CHATLY_MESSAGING_ADDRESS": ",".join(grpc_addresses),
        "CHATLY_MESSAGING_HTTP_ADDRESS": ",".join(http_addresses),
    }
    with TemporaryDirectory(prefix="chatly-bench-") as folder:
        async with running_mesh(Path(folder), **environ) as mesh:
            yield Running(mesh=mesh, messaging=grpc_addresses, engines=engines.pids)
