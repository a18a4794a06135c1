"""Ten users who send and receive, and the checks of all their messages afterwards, whatever failed meanwhile."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.faults.chatter import Sender, Subscriber, messaging_stub
from tests.faults.history import history
from tests.faults.status_codes import UNREACHABLE
from tests.waiting import eventually

PEOPLE = 10
DEADLINE = 60.0


@dataclass
class Crowd:
    """Ten users in one group, each of whom also writes to a neighbour."""

    stub: MessagingServiceStub
    senders: Sequence[Sender]
    subscribers: Sequence[Subscriber]
    members: dict[str, list[Person]]
    """Members of each chat."""
    deadline: float = DEADLINE
    """Seconds that recovery may take."""

    @property
    def group(self) -> str:
        """Group of all users."""
        return next(iter(self.members))

    @property
    def pair(self) -> str:
        """One of the 1:1 chats."""
        return list(self.members)[1]

    def newest(self, chat_id: str) -> Message:
        """The last acknowledged message of a chat."""
        last = [[m for m in sender.acknowledged.values() if m.chat_id == chat_id][-1:] for sender in self.senders]
        return max(itertools.chain(*last), key=lambda message: message.created_at.ToNanoseconds())

    @property
    def acknowledged(self) -> int:
        return sum(len(sender.acknowledged) for sender in self.senders)

    def got_through(self, number: int) -> bool:
        return self.acknowledged >= number

    async def get_through(self, number: int, *, seconds: float | None = None) -> None:
        """Wait until this many more messages are acknowledged."""
        enough = self.acknowledged + number
        limit = seconds or self.deadline
        await eventually(partial(self.got_through, enough), "messages get through", seconds=limit)

    def said(self, chat_ids: Collection[str]) -> set[str]:
        """Return the IDs of messages acknowledged so far in some chats."""
        return {
            message.message_id
            for sender in self.senders
            for message in sender.acknowledged.values()
            if message.chat_id in chat_ids
        }

    async def hear(self, *, seconds: float | None = None) -> None:
        """Wait until everyone has received all messages acknowledged so far."""
        said = [(subscriber, self.said(self.chats_of(subscriber))) for subscriber in self.subscribers]
        for subscriber, expected in said:
            await eventually(partial(subscriber.has_heard, expected), "it is heard", seconds=seconds or self.deadline)

    def chats_of(self, subscriber: Subscriber) -> list[str]:
        return [chat_id for chat_id, members in self.members.items() if subscriber.person in members]

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """All send and receive within the block. At its end they stop, and all messages are checked."""
        silence = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            listening = [group.create_task(subscriber.run()) for subscriber in self.subscribers]
            await eventually(
                lambda: all(s.caught_up.is_set() for s in self.subscribers), "all listen", seconds=self.deadline
            )
            talking = [group.create_task(sender.run(silence)) for sender in self.senders]
            yield
            silence.set()
            await asyncio.gather(*talking)
            await self._check()
            for task in listening:
                task.cancel()

    async def _check(self) -> None:
        """Check that no acknowledged message is lost, doubled or out of order for anyone."""
        for chat_id, members in self.members.items():
            await _check_chat(self, chat_id, members)
        for subscriber in self.subscribers:
            await _check_subscriber(self, subscriber)


@asynccontextmanager
async def crowd(mesh: Mesh, *, messages_per_second: float, deadline: float = DEADLINE) -> AsyncIterator[Crowd]:
    """Yield users with their own connections through the edge, before anyone sends. `deadline`: seconds per step."""
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
        pace = PEOPLE / messages_per_second
        yield Crowd(
            stub=stubs[0],
            senders=[
                Sender(stub, person, [group, own[person.user_id]], pace)
                for stub, person in zip(stubs, everybody, strict=True)
            ],
            subscribers=[Subscriber(stub, person) for stub, person in zip(stubs, everybody, strict=True)],
            members=members,
            deadline=deadline,
        )


async def _group(stub: MessagingServiceStub, everybody: Sequence[Person]) -> str:
    request = messaging.CreateGroupRequest(
        client_group_id=str(uuid4()), title="Everybody", member_ids=[person.user_id for person in everybody[1:]]
    )
    answer = await stub.CreateGroup(request, metadata=everybody[0].metadata)
    return answer.chat.chat_id


async def _check_chat(talkers: Crowd, chat_id: str, members: Sequence[Person]) -> None:
    stored = await _stored_history(talkers, chat_id, members[0])
    made = Counter(message.client_message_id for message in stored)
    acknowledged = {
        cmid: message.message_id
        for sender in talkers.senders
        for cmid, message in sender.acknowledged.items()
        if message.chat_id == chat_id
    }

    assert made == Counter(acknowledged.keys())
    assert {message.client_message_id: message.message_id for message in stored} == acknowledged
    assert sorted(message.seq for message in stored) == list(range(1, len(stored) + 1))
    for member in members:
        spoken = [int(message.text.rpartition(" ")[2]) for message in stored if message.sender_id == member.user_id]
        assert spoken == sorted(spoken)
    for member in members[1:]:
        other = await history(talkers.stub, member.metadata, chat_id)
        assert [message.message_id for message in other] == [message.message_id for message in stored]


async def _stored_history(talkers: Crowd, chat_id: str, reader: Person) -> list[Message]:
    """Read the chat once the persister has stored all of it."""
    stored: list[Message] = []

    async def all_are_stored() -> bool:
        try:
            stored[:] = await history(talkers.stub, reader.metadata, chat_id)
        except grpc.aio.AioRpcError as error:
            if error.code() not in UNREACHABLE:
                raise
            return False
        return all(message.seq for message in stored)

    await eventually(all_are_stored, "every message has its seq", seconds=talkers.deadline)
    return stored


async def _check_subscriber(talkers: Crowd, subscriber: Subscriber) -> None:
    expected = talkers.said(talkers.chats_of(subscriber))

    await eventually(partial(subscriber.has_heard, expected), "everything was heard of", seconds=talkers.deadline)
    assert subscriber.message_ids == expected
    assert subscriber.resyncs == 0
