"""Two persisters share the log: if one of them dies, everything is still stored once and numbered in order."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import grpc
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.persister.v1 import persister_service_pb2 as persister
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceStub

from history.chat_id import ChatId
from history.codec import encode
from history.model import ChatEvent
from kernel.cassandra.session import open_cassandra
from kernel.cassandra.settings import CassandraSettings
from kernel.ids import UserId
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition
from kernel.settings import load
from tests.e2e.access.forgery import service_token
from tests.e2e.distributed.nodes import BACK_SECONDS, channels, hanging, is_back, kill
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, bearer, people
from tests.fakes import FakeClock
from tests.faults.crowd import crowd
from tests.unit.history.builders import ChatBuilder
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

MESSAGES_PER_SECOND = 60
POISON = b"\xff\xff\xff"
DEADLINE = 90.0


async def partitions_of(mesh: Mesh, nodes: list[grpc.aio.Channel]) -> list[set[int]]:
    """Return the partitions that each persister has now; empty if it does not respond."""
    found: list[set[int]] = []
    for node in nodes:
        try:
            status = await PersisterServiceStub(node).GetStatus(
                persister.GetStatusRequest(), metadata=bearer(service_token(mesh)), timeout=10
            )
            found.append({each.partition for each in status.partitions})
        except grpc.aio.AioRpcError:
            found.append(set())
    return found


async def shared(mesh: Mesh, nodes: list[grpc.aio.Channel]) -> None:
    """Wait until each has half of the partitions."""

    async def is_shared() -> bool:
        one, other = await partitions_of(mesh, nodes)
        return len(one) == len(other) == 2 and not one & other

    await eventually(is_shared, "each has half of the partitions", seconds=BACK_SECONDS)


async def test_a_killed_persister_loses_doubles_and_disorders_nothing(mesh: Mesh) -> None:
    async with (
        channels(mesh, "persister") as nodes,
        crowd(mesh, messages_per_second=MESSAGES_PER_SECOND, deadline=DEADLINE) as talkers,
    ):
        await shared(mesh, nodes)
        async with talkers.talking():
            await talkers.get_through(100)
            killed = kill(mesh, "persister-1")
            await talkers.get_through(100)
            await is_back(mesh, "persister-1", killed)
            await shared(mesh, nodes)
            await talkers.get_through(100)


async def test_a_persister_that_hung_does_no_harm_after_the_other_took_over(mesh: Mesh) -> None:
    async with (
        channels(mesh, "persister") as nodes,
        crowd(mesh, messages_per_second=MESSAGES_PER_SECOND, deadline=DEADLINE) as talkers,
    ):
        await shared(mesh, nodes)
        async with talkers.talking():
            await talkers.get_through(100)
            with hanging(mesh, "persister-2"):

                async def has_all() -> bool:
                    return len((await partitions_of(mesh, nodes[:1]))[0]) == 4

                await eventually(has_all, "the other one has taken over", seconds=BACK_SECONDS)
                await talkers.get_through(100)
            await talkers.get_through(100)
            await shared(mesh, nodes)


async def test_any_persister_replays_dead_letters(mesh: Mesh, engines: Mapping[str, str]) -> None:
    """Uses chats of all partitions, so that the called persister has at most half of them."""
    everybody = await people(mesh, *["ann"] * 8)
    pairs = list(zip(everybody[::2], everybody[1::2], strict=True))
    events = {pair: sent_by(*pair) for pair in pairs}
    async with channels(mesh, "persister") as nodes, channels(mesh, "messaging") as (messenger, _):
        await shared(mesh, nodes)
        positions = await poison(engines, events.values())
        for node in nodes:
            await eventually(lambda node=node: are_listed(mesh, node, positions), "the letters are listed", seconds=30)
        await repaired(engines, dict(zip(positions, events.values(), strict=True)))
        async with listening(messenger, pairs[0][1]) as of_receiver:
            await of_receiver.until_caught_up()
            for node, some in zip(nodes, (positions[:2], positions[2:]), strict=True):
                answer = await replay(mesh, node, some)
                assert (answer.replayed_count, answer.failed_count) == (2, 0)
            received = await of_receiver.next("message_created")

        assert received.message_created.message_id == str(events[pairs[0]].event_id)
        for pair, event in events.items():
            await eventually(lambda pair=pair, event=event: has_one(messenger, pair, event), "it is stored", seconds=30)
        for node in nodes:
            assert not await are_listed(mesh, node, positions)


def sent_by(sender: Person, receiver: Person) -> ChatEvent:
    chat = ChatBuilder(ChatId(sender.chat_with(receiver)), clock=FakeClock(datetime.now(UTC)))
    return chat.sent(UserId(sender.user_id), "found again")


async def poison(engines: Mapping[str, str], events: Iterable[ChatEvent]) -> list[LogPosition]:
    """Append an unreadable record to each event's chat."""
    async with open_kafka_log(load(KafkaSettings, engines), patience=30) as log:
        return [await log.append(event.chat_id, POISON) for event in events]


async def repaired(engines: Mapping[str, str], letters: Mapping[LogPosition, ChatEvent]) -> None:
    """Replace the dead letters by records that this program can read."""
    async with open_cassandra(load(CassandraSettings, engines)) as session:
        await session.ready()
        for position, event in letters.items():
            await session.execute(
                f"UPDATE {engines['CHATLY_CASSANDRA_KEYSPACE']}.dead_letters SET value = ?"
                " WHERE log_partition = ? AND log_offset = ?",
                (encode(event), position.partition, position.offset),
            )


async def are_listed(mesh: Mesh, node: grpc.aio.Channel, positions: list[LogPosition]) -> bool:
    """Whether a persister lists all of them rather than none."""
    request = persister.ListDeadLettersRequest(page_size=200)
    page = await PersisterServiceStub(node).ListDeadLetters(request, metadata=bearer(service_token(mesh)), timeout=10)
    listed = {LogPosition(letter.partition, letter.offset) for letter in page.dead_letters}
    return set(positions) <= listed


async def replay(
    mesh: Mesh, node: grpc.aio.Channel, positions: list[LogPosition]
) -> persister.ReplayDeadLettersResponse:
    letters = [persister.DeadLetterPosition(partition=each.partition, offset=each.offset) for each in positions]
    request = persister.ReplayDeadLettersRequest(positions=letters)
    return await PersisterServiceStub(node).ReplayDeadLetters(request, metadata=bearer(service_token(mesh)), timeout=10)


async def has_one(messenger: grpc.aio.Channel, pair: tuple[Person, Person], event: ChatEvent) -> bool:
    """Whether the chat has exactly this message, stored."""
    sender, receiver = pair
    request = messaging.ListMessagesRequest(chat_id=sender.chat_with(receiver))
    page = await MessagingServiceStub(messenger).ListMessages(request, metadata=receiver.metadata, timeout=10)
    return [(message.message_id, message.seq) for message in page.messages] == [(str(event.event_id), 1)]
