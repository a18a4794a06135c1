"""The servers that are compared, each in processes of its own, and the people and groups on them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol
from uuid import uuid4

import grpc.aio
import psutil
from chatly.auth.v1.auth_service_pb2 import LoginRequest, RegisterRequest
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.messaging.v1.messaging_service_pb2 import CreateGroupRequest
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import HOST, Mesh, running_mesh

_PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for a minute on this machine
_REGISTERING = 16
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Person:
    token: str
    user_id: str


class Side(Protocol):
    """One server."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """Of its MessagingService, without TLS."""
        ...

    @property
    def pids(self) -> Sequence[int]:
        """The processes whose work counts."""
        ...

    async def people(self, number: int) -> list[Person]: ...

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        """A chat_id."""
        ...


@dataclass(frozen=True, slots=True)
class Bare:
    """bench/bare.py."""

    address: str
    pids: Sequence[int]
    name: str = "bare"

    async def people(self, number: int) -> list[Person]:
        ids = [str(uuid4()) for _ in range(number)]
        return [Person(user_id, user_id) for user_id in ids]

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        return str(uuid4())


@dataclass(frozen=True, slots=True)
class Chatly:
    """The embedded mesh, straight to messaging's own port, or through its edge, whose work then counts too."""

    mesh: Mesh
    edge: bool = False

    @property
    def name(self) -> str:
        return "edge" if self.edge else "chatly"

    @property
    def address(self) -> str:
        return self.mesh.edge if self.edge else self.mesh.grpc["messaging"]

    @property
    def pids(self) -> Sequence[int]:
        return [self.mesh.pid, *envoy_pids(self.mesh)] if self.edge else [self.mesh.pid]

    async def people(self, number: int) -> list[Person]:
        free = asyncio.Semaphore(_REGISTERING)
        async with grpc.aio.insecure_channel(self.mesh.grpc["auth"]) as channel:
            auth: AuthServiceStub = AuthServiceStub(channel)
            return list(await asyncio.gather(*(_somebody(auth, free) for _ in range(number))))

    async def group(self, owner: Person, members: Sequence[Person]) -> str:
        async with grpc.aio.insecure_channel(self.mesh.grpc["messaging"]) as channel:
            request = CreateGroupRequest(
                client_group_id=str(uuid4()), title="Bench", member_ids=[member.user_id for member in members]
            )
            metadata = (("authorization", f"Bearer {owner.token}"),)
            answer = await MessagingServiceStub(channel).CreateGroup(request, metadata=metadata)
            return answer.chat.chat_id


@asynccontextmanager
async def bare() -> AsyncIterator[Bare]:
    """A bare server of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield Bare(f"{HOST}:{port}", [process.pid])
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def mesh(**environ: str) -> AsyncIterator[Mesh]:
    """A mesh of its own, with its data in a folder that goes with it."""
    with TemporaryDirectory(prefix="chatly-bench-") as folder:
        async with running_mesh(Path(folder), **environ) as running:
            yield running


@asynccontextmanager
async def sides(*, edge: bool) -> AsyncIterator[list[Side]]:
    """A bare server and a mesh, to be measured in turns; with `edge` the mesh also through Envoy."""
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(bare())
        running = await stack.enter_async_context(mesh())
        both: list[Side] = [plain, Chatly(running)]
        yield [*both, Chatly(running, edge=True)] if edge else both


def envoy_pids(mesh: Mesh) -> list[int]:
    """The edge's processes."""
    return [child.pid for child in psutil.Process(mesh.pid).children() if "envoy" in child.name()]


async def _somebody(auth: AuthServiceStub, free: asyncio.Semaphore) -> Person:
    name = f"bench{next(_numbers)}"
    email = f"{name}@bench.example"
    async with free:
        await auth.Register(RegisterRequest(username=name, email=email, password=_PASSWORD))
        session = await auth.Login(LoginRequest(email=email, password=_PASSWORD))
    return Person(session.token, session.user_id)
