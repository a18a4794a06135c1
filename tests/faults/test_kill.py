"""The promise: an acknowledged message is never lost, never doubled, never out of order, whatever is killed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, people
from tests.faults.chatter import Sender, Subscriber, history, messaging_stub
from tests.waiting import eventually

PEOPLE = 10
MESSAGES_PER_SECOND = 200
KILLS = 5
ACKNOWLEDGED_BETWEEN_KILLS = 300
DEADLINE = 60.0


@dataclass
class Crowd:
    """Ten people in one group, each of whom also writes to a neighbour."""

    stub: MessagingServiceStub
    senders: Sequence[Sender]
    subscribers: Sequence[Subscriber]
    members: dict[str, list[Person]]
    """Of each chat."""

    @property
    def acknowledged(self) -> int:
        return sum(len(sender.acknowledged) for sender in self.senders)

    def got_through(self, number: int) -> bool:
        return self.acknowledged >= number


@asynccontextmanager
async def crowd(mesh: Mesh) -> AsyncIterator[Crowd]:
    everybody = await people(mesh, *["talker"] * PEOPLE)
    async with AsyncExitStack() as stack:
        stubs = [await stack.enter_async_context(messaging_stub(mesh)) for _ in everybody]
        members = {await _group(stubs[0], everybody): everybody}
        own: dict[str, str] = {}
        for number in range(0, PEOPLE, 2):
            pair = everybody[number : number + 2]
            members[pair[0].chat_with(pair[1])] = pair
            own |= {person.user_id: pair[0].chat_with(pair[1]) for person in pair}
        group = next(iter(members))
        pace = PEOPLE / MESSAGES_PER_SECOND
        yield Crowd(
            stub=stubs[0],
            senders=[
                Sender(stub, person, [group, own[person.user_id]], pace)
                for stub, person in zip(stubs, everybody, strict=True)
            ],
            subscribers=[Subscriber(stub, person) for stub, person in zip(stubs, everybody, strict=True)],
            members=members,
        )


async def _group(stub: MessagingServiceStub, everybody: Sequence[Person]) -> str:
    request = messaging.CreateGroupRequest(
        client_group_id=str(uuid4()), title="Everybody", member_ids=[person.user_id for person in everybody[1:]]
    )
    answer = await stub.CreateGroup(request, metadata=everybody[0].metadata)
    return answer.chat.chat_id


@pytest.mark.timeout(300)
async def test_five_kills_under_load_lose_double_and_disorder_nothing(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh, crowd(mesh) as talkers, asyncio.TaskGroup() as group:
        listening = [group.create_task(subscriber.run()) for subscriber in talkers.subscribers]
        await eventually(lambda: all(s.caught_up.is_set() for s in talkers.subscribers), "all listen", seconds=DEADLINE)
        stop = asyncio.Event()
        talking = [group.create_task(sender.run(stop)) for sender in talkers.senders]

        for _ in range(KILLS):
            enough = talkers.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
            await eventually(partial(talkers.got_through, enough), "messages get through", seconds=DEADLINE)
            await asyncio.to_thread(mesh.kill)
            await mesh.start()
        stop.set()
        await asyncio.gather(*talking)

        for chat_id, members in talkers.members.items():
            await _check_chat(talkers, chat_id, members)
        for subscriber in talkers.subscribers:
            await _check_subscriber(talkers, subscriber)
        assert all(sender.retries for sender in talkers.senders), "nobody was hit: the kills proved nothing"
        for task in listening:
            task.cancel()


async def _check_chat(talkers: Crowd, chat_id: str, members: Sequence[Person]) -> None:
    told = await _stored_history(talkers, chat_id, members[0])
    made = Counter(message.client_message_id for message in told)
    acknowledged = {
        cmid: message.message_id
        for sender in talkers.senders
        for cmid, message in sender.acknowledged.items()
        if message.chat_id == chat_id
    }

    assert made == Counter(acknowledged.keys())
    assert {message.client_message_id: message.message_id for message in told} == acknowledged
    assert sorted(message.seq for message in told) == list(range(1, len(told) + 1))
    for member in members[1:]:
        other = await history(talkers.stub, member, chat_id)
        assert [message.message_id for message in other] == [message.message_id for message in told]


async def _stored_history(talkers: Crowd, chat_id: str, reader: Person) -> list[Message]:
    """The chat once the persister has been through all of it."""
    told: list[Message] = []

    async def all_are_stored() -> bool:
        told[:] = await history(talkers.stub, reader, chat_id)
        return all(message.seq for message in told)

    await eventually(all_are_stored, "every message has its seq", seconds=DEADLINE)
    return told


async def _check_subscriber(talkers: Crowd, subscriber: Subscriber) -> None:
    chats = [chat_id for chat_id, members in talkers.members.items() if subscriber.person in members]
    expected = {
        message.message_id
        for sender in talkers.senders
        for message in sender.acknowledged.values()
        if message.chat_id in chats
    }

    await eventually(lambda: subscriber.message_ids >= expected, "everything was heard of", seconds=DEADLINE)
    assert subscriber.message_ids == expected
    assert subscriber.resumes >= KILLS
    assert subscriber.resyncs == 0
