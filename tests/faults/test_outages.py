"""Engines fail and recover under load: independent calls continue, and nothing is lost, doubled or out of order."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio
from chatly.messaging.v1 import messaging_service_pb2 as messaging

from tests.e2e.live.devices import ONLINE, connected, state_of
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import Person, log_in, people, rest
from tests.e2e.real_engines import engine_settings
from tests.engines.own import OwnEngine
from tests.engines.own_set import PrivateEngines, emptied, hanging, killed, own_engines
from tests.faults.crowd import Crowd, crowd
from tests.problems import rpc_reason, rpc_retry_seconds
from tests.waiting import eventually

pytestmark = [pytest.mark.toolchain("java"), pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="session")]

MESSAGES_PER_SECOND = 60
# Deadline for calls while Redis or Kafka is known to be unreachable.
REPEAT_SECONDS = 8
# A Cassandra killed under load takes up to a minute to restart on a busy machine.
DEADLINE = 150.0

Outage = Callable[[OwnEngine], AbstractAsyncContextManager[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateEngines]:
    async with own_engines(tmp_path_factory.mktemp("engines")) as own:
        yield own


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mesh(tmp_path_factory: pytest.TempPathFactory, engines: PrivateEngines) -> AsyncIterator[Mesh]:
    settings = engine_settings(
        "outages",
        kafka=engines.kafka.address,
        cassandra=engines.cassandra.address,
        redis_url=f"redis://{engines.redis.address}",
        s3=engines.s3_server,
    )
    async with running_mesh(tmp_path_factory.mktemp("outages"), {"messaging": 2}, **settings) as mesh:
        yield mesh


def during(seconds: float) -> Iterator[None]:
    """Repeat until this time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


async def shows_what_was_just_said(talkers: Crowd) -> bool:
    """Return whether the newest messages of all are on the newest pages of their chats."""
    newest = {talkers.group: talkers.newest(talkers.group), talkers.pair: talkers.newest(talkers.pair)}
    for chat_id, message in newest.items():
        request = messaging.ListMessagesRequest(chat_id=chat_id, page_size=200)
        reader = talkers.members[chat_id][0]
        page = await talkers.stub.ListMessages(request, metadata=reader.metadata, timeout=10)
        if message.message_id not in {each.message_id for each in page.messages}:
            return False
    return True


@pytest.mark.parametrize(("outage", "seconds"), [(hanging, 12), (killed, 30)])
async def test_without_cassandra_messages_are_delivered_and_history_shows_them(
    mesh: Mesh, engines: PrivateEngines, outage: Outage, seconds: int
) -> None:
    async with crowd(mesh, messages_per_second=MESSAGES_PER_SECOND, deadline=DEADLINE) as talkers, talkers.talking():
        await talkers.get_through(100)
        async with outage(engines.cassandra):
            for _ in during(seconds):
                await talkers.get_through(MESSAGES_PER_SECOND, seconds=30)
                await talkers.hear(seconds=10)
                assert await shows_what_was_just_said(talkers)
        await talkers.get_through(100)


@pytest.mark.parametrize("outage", [hanging, emptied])
async def test_without_redis_messages_are_delivered_and_shown_from_the_log(
    mesh: Mesh, engines: PrivateEngines, outage: Outage
) -> None:
    (ann,) = await people(mesh, "ann")
    async with crowd(mesh, messages_per_second=MESSAGES_PER_SECOND, deadline=DEADLINE) as talkers, talkers.talking():
        await talkers.get_through(100)
        async with outage(engines.redis):
            for _ in during(REPEAT_SECONDS):
                await talkers.get_through(MESSAGES_PER_SECOND, seconds=30)
                await talkers.hear(seconds=10)
                await eventually(lambda: shows_what_was_just_said(talkers), "it is read from the log", seconds=10)
                async with rest(mesh) as client:
                    await log_in(client, ann.email)
        await talkers.hear(seconds=30)
        await talkers.get_through(100)
        await talkers.hear(seconds=10)


@pytest.mark.parametrize("outage", [hanging, killed])
async def test_without_kafka_sends_fail_at_once_and_retries_succeed_exactly_once(
    mesh: Mesh, engines: PrivateEngines, outage: Outage
) -> None:
    ann, bob, cat, dan = await people(mesh, "ann", "bob", "cat", "dan")
    name = str(uuid4())
    async with (
        crowd(mesh, messages_per_second=MESSAGES_PER_SECOND, deadline=DEADLINE) as talkers,
        grpc.aio.insecure_channel(mesh.edge) as edge,
        connected(edge, ann),
        talkers.talking(),
    ):
        await talkers.get_through(100)
        first = await send(talkers, ann, bob, str(uuid4()), "before")
        async with outage(engines.kafka):
            # The first append on each node waits for the whole timeout.
            await eventually(lambda: both_refuse(talkers, cat, dan), "sends are refused at once", seconds=60)
            for _ in during(REPEAT_SECONDS):
                refused = await refusal(talkers, ann, bob, name)
                assert refused.code() is grpc.StatusCode.UNAVAILABLE
                assert rpc_reason(refused) == "LOG_UNAVAILABLE"
                assert rpc_retry_seconds(refused) > 0
                await talkers.hear(seconds=10)
                assert await shows_what_was_just_said(talkers)
                assert (await state_of(edge, ann, ann)).availability == ONLINE
                await asyncio.sleep(rpc_retry_seconds(refused))
        await talkers.get_through(100)
        sent = {await send(talkers, ann, bob, name, "again and again") for _ in range(4)}

        listed = messaging.ListMessagesRequest(chat_id=ann.chat_with(bob))
        page = await talkers.stub.ListMessages(listed, metadata=bob.metadata)
        assert [message.message_id for message in page.messages] == [first, *sent]


async def send(talkers: Crowd, sender: Person, receiver: Person, name: str, text: str) -> str:
    """Return the message_id."""
    request = messaging.SendMessageRequest(chat_id=sender.chat_with(receiver), client_message_id=name, text=text)
    answer = await talkers.stub.SendMessage(request, metadata=sender.metadata, timeout=20)
    return answer.message.message_id


async def refusal(talkers: Crowd, sender: Person, receiver: Person, name: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await send(talkers, sender, receiver, name, "again and again")
    return refused.value


async def both_refuse(talkers: Crowd, sender: Person, receiver: Person) -> bool:
    """Return whether four calls in a row, which go to the nodes in turn, succeed within a second each."""
    for _ in range(4):
        began = time.monotonic()
        await refusal(talkers, sender, receiver, str(uuid4()))
        if time.monotonic() - began > 1:
            return False
    return True
