"""Data as an operator sees it: the topic in Kafka, the tables in Cassandra, online users in Redis."""

from collections.abc import Mapping

import grpc
import pytest

from history.codec import decode_record
from history.model import MessageSent
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, open_cassandra
from kernel.cassandra.settings import CassandraSettings
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.redis.handle import open_redis
from kernel.redis.settings import RedisSettings
from kernel.settings import load
from tests.e2e.live.devices import connected
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people, rest
from tests.e2e.rest.talk import Json, send, upload
from tests.engines.redis_installation import keys
from tests.unit.media.samples import PDF
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def said(mesh: Mesh) -> tuple[Person, Person, Json]:
    """Return two users, and a message with a file from the first to the second."""
    ann, bob = await people(mesh, "ann", "bob")
    async with rest(mesh) as client:
        file = await upload(client, ann, "plan.pdf", PDF)
        return ann, bob, await send(client, ann, bob, "see the plan", media_ids=[file["media_id"]])


async def rows_of(session: CassandraSession, query: str, *params: object) -> list[Row]:
    return await session.execute(query, params)


async def test_the_topic_holds_the_event(mesh: Mesh, engines: Mapping[str, str]) -> None:
    ann, bob, message = await said(mesh)
    async with open_kafka_log(load(KafkaSettings, engines), patience=30) as log:
        ends = await log.ends()
        events = [
            decode_record(record).event
            for partition, end in ends.items()
            for record in await log.read(partition, after=max(-1, end - 20), limit=20)
        ]

    assert len(ends) == int(engines["CHATLY_KAFKA_PARTITIONS"])
    (event,) = [event for event in events if str(event.event_id) == message["message_id"]]
    assert (event.chat_id, event.actor_id) == (ann.chat_with(bob), ann.user_id)
    assert isinstance(event.change, MessageSent)
    assert event.change.text == "see the plan"


async def test_the_tables_hold_the_users_and_the_message(mesh: Mesh, engines: Mapping[str, str]) -> None:
    ann, bob, message = await said(mesh)
    async with open_cassandra(load(CassandraSettings, engines)) as session:
        await session.ready()
        keyspace = engines["CHATLY_CASSANDRA_KEYSPACE"]
        (user,) = await rows_of(session, f"SELECT * FROM {keyspace}.users WHERE user_id = ?", ann.user_id)
        rows: list[Row] = []

        async def is_stored() -> bool:
            (chat,) = await rows_of(
                session,
                f"SELECT DISTINCT chat_id, message_buckets FROM {keyspace}.chats WHERE chat_id = ?",
                ann.chat_with(bob),
            ) or [{"message_buckets": None}]
            rows[:] = [
                row
                for bucket in chat["message_buckets"] or ()
                for row in await rows_of(
                    session,
                    f"SELECT * FROM {keyspace}.messages WHERE chat_id = ? AND bucket = ?",
                    ann.chat_with(bob),
                    bucket,
                )
            ]
            return bool(rows)

        await eventually(is_stored, "the message is stored", seconds=30)

    assert (user["username"], user["email"]) == (ann.username, ann.email)
    assert user["password"].startswith(b"$2")
    assert user["created_at"]
    (row,) = rows
    assert (str(row["message_id"]), row["sender_id"], row["receiver_id"]) == (
        message["message_id"],
        ann.user_id,
        bob.user_id,
    )
    assert (row["content"], row["seq"], row["attachment_name"]) == ("see the plan", 1, "plan.pdf")
    assert row["attachment_type"] == "application/pdf"
    assert row["attachment_url"]


async def test_online_users_are_keys_in_redis(mesh: Mesh, engines: Mapping[str, str]) -> None:
    (ann,) = await people(mesh, "ann")
    key = f"{engines['CHATLY_REDIS_PREFIX']}online_users:{{{ann.user_id}}}"
    async with (
        open_redis(load(RedisSettings, engines)) as redis,
        grpc.aio.insecure_channel(mesh.edge) as edge,
    ):

        async def is_there() -> bool:
            return key in await keys(redis)

        async def is_gone() -> bool:
            return key not in await keys(redis)

        async with connected(edge, ann):
            await eventually(is_there, "she is online")
        await eventually(is_gone, "she is gone", seconds=20)
