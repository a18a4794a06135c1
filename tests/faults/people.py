"""The users of a run, their devices and their chats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import grpc
import httpx
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.faults.clients.plan import DevicePlan, Plan

_NAMES = ("ann", "bob", "cleo", "dan", "eve", "finn", "gina", "hal")
_SMALL_GROUP = 4
_PASSWORD = "correct horse battery"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with a session."""

    name: str
    user: str
    token: str

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Eight users: a group of all, a group of half of them, and four pairs."""

    people: Sequence[Person]
    chats: Mapping[str, tuple[str, ...]]
    """Members of each chat."""

    def chats_of(self, person: Person) -> tuple[str, ...]:
        return tuple(chat for chat, members in self.chats.items() if person.user in members)

    def plans(self, recordings: Path, edges: Sequence[str], *, every_seconds: float, seed: int) -> dict[str, Plan]:
        """Half of the users have a device in Python, half one in Go; the first has both."""
        half = len(self.people) // 2
        owners = {"python": self.people[:half], "go": [*self.people[half:], self.people[0]]}
        return {
            language: Plan(
                recording=str(recordings / f"{language}.jsonl"),
                edges=tuple(edges),
                devices=[
                    DevicePlan(
                        name=f"{person.name}-{language}",
                        user=person.user,
                        token=person.token,
                        chats=self.chats_of(person),
                        every_seconds=every_seconds,
                        seed=seed * 1_000 + number,
                    )
                    for number, person in enumerate(persons)
                ],
            )
            for language, persons in owners.items()
        }


async def settle(edge: str) -> Population:
    """Create accounts, sessions and groups."""
    async with httpx.AsyncClient(base_url=f"http://{edge}", timeout=_SECONDS) as client:
        people = [await _register(client, name) for name in _NAMES]
    chats: dict[str, tuple[str, ...]] = {
        _direct(one, other): (one.user, other.user) for one, other in zip(people[::2], people[1::2], strict=True)
    }
    async with grpc.aio.insecure_channel(edge) as channel:
        stub = MessagingServiceStub(channel)
        for members in (people, people[-_SMALL_GROUP - 1 : -1]):
            chats[await _group(stub, members)] = tuple(person.user for person in members)
    return Population(people=people, chats=chats)


async def _register(client: httpx.AsyncClient, name: str) -> Person:
    account = {"username": name, "email": f"{name}@faults.example", "password": _PASSWORD}
    (await client.post("/api/auth/register", json=account)).raise_for_status()
    login = await client.post("/api/auth/login", json={"email": account["email"], "password": _PASSWORD})
    session = login.raise_for_status().json()
    return Person(name=name, user=session["user_id"], token=session["token"])


def _direct(one: Person, other: Person) -> str:
    return "_".join(sorted([one.user, other.user]))


async def _group(stub: MessagingServiceStub, members: Sequence[Person]) -> str:
    request = messaging.CreateGroupRequest(
        client_group_id=str(uuid4()), title="Talk", member_ids=[person.user for person in members[1:]]
    )
    answer = await stub.CreateGroup(request, metadata=members[0].metadata, timeout=_SECONDS)
    return str(answer.chat.chat_id)
