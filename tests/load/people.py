"""Many users at once, by the shortest path: directly to auth and messaging, bypassing the edge and its limits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from uuid import uuid4

import grpc
from chatly.auth.v1.auth_service_pb2 import LoginRequest, RegisterRequest
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, Person
from tests.faults.chatter import messaging_stub

LONG_SESSIONS = {"CHATLY_AUTH_ACCESS_TOKEN_SECONDS": "14400"}
"""For a mesh whose users stay longer than a default token is valid."""

_AT_ONCE = 16
_SECONDS = 60.0
_AT_CREATION = 499
_AT_ADDING = 100
# Seconds to connect: hundreds connect at the same time.
_PATIENT = ("grpc.min_reconnect_backoff_ms", 10_000)
_numbers = count(1)


async def residents(mesh: Mesh, number: int) -> list[Person]:
    """Return new users, each with a session."""
    free = asyncio.Semaphore(_AT_ONCE)
    async with grpc.aio.insecure_channel(mesh.grpc["auth"]) as channel:
        auth: AuthServiceStub = AuthServiceStub(channel)
        return list(await asyncio.gather(*(_resident(auth, free) for _ in range(number))))


async def _resident(auth: AuthServiceStub, free: asyncio.Semaphore) -> Person:
    name = f"resident{next(_numbers)}"
    email = f"{name}@load.example"
    async with free:
        await auth.Register(RegisterRequest(username=name, email=email, password=PASSWORD), timeout=_SECONDS)
        session = await auth.Login(LoginRequest(email=email, password=PASSWORD), timeout=_SECONDS)
    return Person(
        user_id=session.user_id,
        username=session.username,
        email=email,
        token=session.token,
        refresh_token=session.refresh_token,
        session_id=session.session_id,
    )


async def group_of(stub: MessagingServiceStub, members: Sequence[Person], title: str = "Everybody") -> str:
    """Return the chat_id of a group of all, owned by the first."""
    owner, *others = members
    ids = [person.user_id for person in others]
    request = messaging.CreateGroupRequest(client_group_id=str(uuid4()), title=title, member_ids=ids[:_AT_CREATION])
    made = await stub.CreateGroup(request, metadata=owner.metadata, timeout=_SECONDS)
    chat_id = str(made.chat.chat_id)
    for start in range(_AT_CREATION, len(ids), _AT_ADDING):
        more = messaging.AddMembersRequest(chat_id=chat_id, user_ids=ids[start : start + _AT_ADDING])
        await stub.AddMembers(more, metadata=owner.metadata, timeout=_SECONDS)
    return chat_id


@asynccontextmanager
async def connections(mesh: Mesh, number: int, *, target: str = "") -> AsyncIterator[list[MessagingServiceStub]]:
    """Open a channel to messaging's first node, or to this target."""
    async with AsyncExitStack() as stack:
        to = target or mesh.grpc["messaging"]
        # One by one, before the load starts: with two addresses a busy machine would choose the second.
        yield [
            await stack.enter_async_context(messaging_stub(mesh, _PATIENT, target=to, ready_within=_SECONDS))
            for _ in range(number)
        ]
