"""Engines with authentication over TLS: they work like others, and an error names the wrong setting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError

from engines.security import USER
from kernel.bus.ports import BusMessage
from kernel.cassandra.session import open_cassandra
from kernel.errors import ChatlyError, Code
from kernel.kafka.log import open_kafka_log
from kernel.kafka.topic import identify_topic
from kernel.redis.bus import open_redis_bus
from kernel.redis.handle import open_redis
from kernel.s3.blob_store import open_s3_blob_store
from tests.engines.kafka_threads import kafka_threads
from tests.engines.secured import Secured
from tests.waiting import eventually

# Starting them counts towards the first test's time limit.
pytestmark = [pytest.mark.engines("secured"), pytest.mark.timeout(400)]


@pytest.mark.parametrize("client", ["confluent", "kafka-python"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_kafka_stores_a_log_and_reads_it_in_a_group(
    secured: Secured, fresh_name: str, mechanism: str, client: str
) -> None:
    settings = secured.kafka(fresh_name, sasl_mechanism=mechanism, client_library=client)
    async with open_kafka_log(settings, patience=60) as log:
        written = [await log.append("chat", f"{number}".encode()) for number in range(3)]
        records = await log.read(written[0].partition, after=-1, limit=9)
        async with log.consumer("readers") as reader:
            batch: list[bytes] = []

            async def has_all() -> bool:
                batch.extend(record.value for record in (await reader.fetch(max_records=9, wait=0.5)))
                return len(batch) == len(written)

            await eventually(has_all, "the group has read all of it", seconds=60)

    assert [record.value for record in records] == batch == [b"0", b"1", b"2"]


async def test_cassandra_stores_rows(secured: Secured, fresh_name: str) -> None:
    async with open_cassandra(secured.cassandra(fresh_name, tls_name="127.0.0.1")) as session:
        await asyncio.wait_for(session.ready(), 60)
        await session.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
        await session.execute("INSERT INTO things (id, name) VALUES (?, ?)", (1, "one"))

        assert await session.execute("SELECT name FROM things WHERE id = ?", (1,)) == [{"name": "one"}]


async def test_redis_answers_and_carries_the_live_bus(secured: Secured, fresh_name: str) -> None:
    settings = secured.redis(prefix=f"{fresh_name}:")
    async with open_redis(settings) as redis, open_redis_bus(redis) as bus:
        listener = bus.subscribe()
        await listener.add(["chat"])
        await bus.publish([BusMessage("chat", b"hello")])

        async with asyncio.timeout(20):
            assert list(await listener.receive()) == [BusMessage("chat", b"hello")]
        assert await redis.ask([("SET", redis.key("a"), "1"), ("GET", redis.key("a"))]) == [b"OK", b"1"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, "CHATLY_KAFKA_PASSWORD"),
        ({"username": "nobody", "sasl_mechanism": "PLAIN"}, "CHATLY_KAFKA_USERNAME"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "CHATLY_KAFKA_SASL_MECHANISM"),
        ({"security_protocol": "PLAINTEXT"}, "CHATLY_KAFKA_SECURITY_PROTOCOL"),
        ({"ca_file": "other"}, "is not trusted: .* (see CHATLY_KAFKA_CA_FILE)"),
        ({"ca_file": ""}, "is not trusted: .* (see CHATLY_KAFKA_CA_FILE)"),
        ({"bootstrap": "localhost"}, "is for another name: .* (see CHATLY_KAFKA_BOOTSTRAP)"),
    ],
)
async def test_an_error_of_kafka_names_the_wrong_setting(
    secured: Secured, fresh_name: str, changes: dict[str, Any], error: str
) -> None:
    if "bootstrap" in changes:
        changes = {"bootstrap": (secured.kafka_at.replace("127.0.0.1", "localhost"),)}
    settings = secured.kafka(fresh_name, **with_other_ca(secured, changes))
    async with open_kafka_log(settings, patience=0) as log:

        async def said() -> str:
            with pytest.raises(ChatlyError) as refused:
                await log.log_id()
            assert refused.value.code is Code.UNAVAILABLE
            return str(refused.value)

        await wait_for_log(said, error)


async def test_a_connection_rejected_by_kafka_leaves_no_thread(secured: Secured, fresh_name: str) -> None:
    for _ in range(2):
        with pytest.raises(KafkaConnectionError):
            await asyncio.to_thread(identify_topic, secured.kafka(fresh_name, password="wrong"), retention=None)

    await eventually(lambda: not kafka_threads(), "nothing is left of them")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, "CHATLY_CASSANDRA_USERNAME, CHATLY_CASSANDRA_PASSWORD"),
        ({"username": ""}, "CHATLY_CASSANDRA_USERNAME, CHATLY_CASSANDRA_PASSWORD"),
        ({"ca_file": "other"}, "is not trusted: .* (see CHATLY_CASSANDRA_CA_FILE)"),
        ({"ca_file": "", "tls_name": ""}, "may require TLS: see CHATLY_CASSANDRA_CA_FILE"),
        ({"tls_name": "cassandra"}, "is for another name: .* (see CHATLY_CASSANDRA_TLS_NAME)"),
    ],
)
async def test_an_error_of_cassandra_names_the_wrong_setting(
    secured: Secured, changes: dict[str, Any], error: str
) -> None:
    async with open_cassandra(secured.cassandra(**with_other_ca(secured, changes))) as session:

        async def said() -> str:
            return await session.health() or ""

        await wait_for_log(said, error)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, "CHATLY_REDIS_PASSWORD"),
        ({"password": ""}, "CHATLY_REDIS_PASSWORD"),
        ({"ca_file": "other"}, "is not trusted: .* (see CHATLY_REDIS_CA_FILE)"),
        ({"ca_file": ""}, "is not trusted: .* (see CHATLY_REDIS_CA_FILE)"),
        ({"url": "localhost"}, "is for another name: .* (see CHATLY_REDIS_URL)"),
        ({"url": "plaintext"}, "may require TLS: see CHATLY_REDIS_URL"),
    ],
)
async def test_an_error_of_redis_names_the_wrong_setting(secured: Secured, changes: dict[str, Any], error: str) -> None:
    match changes.get("url"):
        case "localhost":
            changes = {"url": f"rediss://{USER}@{secured.redis_at.replace('127.0.0.1', 'localhost')}/0"}
        case "plaintext":
            changes = {"url": f"redis://{USER}@{secured.redis_at}/0"}
    async with open_redis(secured.redis(**with_other_ca(secured, changes))) as redis:

        async def said() -> str:
            with pytest.raises(ChatlyError) as refused:
                await redis.ask([("PING",)])
            return str(refused.value)

        await wait_for_log(said, error)


async def test_s3_stores_files(secured: Secured, fresh_name: str) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"some bytes"

    async with open_s3_blob_store(secured.s3(fresh_name)) as store:
        await store.put("a/b", content())

        assert b"".join([chunk async for chunk in store.read("a/b")]) == b"some bytes"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"secret_key": "wrong"}, "CHATLY_S3_ACCESS_KEY, CHATLY_S3_SECRET_KEY"),
        ({"access_key": "nobody"}, "CHATLY_S3_ACCESS_KEY, CHATLY_S3_SECRET_KEY"),
        ({"ca_file": "other"}, "is not trusted: .* (see CHATLY_S3_CA_FILE)"),
        ({"endpoint": "localhost"}, "is for another name: .* (see CHATLY_S3_ENDPOINT)"),
    ],
)
async def test_an_error_of_s3_names_the_wrong_setting(
    secured: Secured, fresh_name: str, changes: dict[str, Any], error: str
) -> None:
    if "endpoint" in changes:
        changes = {"endpoint": f"https://{secured.s3_at.replace('127.0.0.1', 'localhost')}"}
    async with open_s3_blob_store(secured.s3(fresh_name, **with_other_ca(secured, changes))) as store:

        async def said() -> str:
            return await store.health() or ""

        await wait_for_log(said, error)


async def test_without_host_name_checks_another_name_is_accepted(secured: Secured) -> None:
    by_name = f"rediss://{USER}@{secured.redis_at.replace('127.0.0.1', 'localhost')}/0"
    async with open_redis(secured.redis(url=by_name, check_name=False)) as redis:
        assert await redis.ask([("PING",)]) == [b"PONG"]


def with_other_ca(secured: Secured, changes: dict[str, Any]) -> dict[str, Any]:
    return {**changes, "ca_file": secured.other_ca} if changes.get("ca_file") == "other" else changes


async def wait_for_log(said: Callable[[], Awaitable[str]], error: str) -> None:
    """Wait for a log line that contains these words in order, with anything between them where `.*` stands."""
    parts = error.split(" .* ")
    text = ""

    async def is_logged() -> bool:
        nonlocal text
        text = await said()
        assert "\n" not in text
        places = [text.find(part) for part in parts]
        return -1 not in places and places == sorted(places)

    try:
        await eventually(is_logged, f"it says {error}", seconds=30)
    except BaseException as failed:
        failed.add_note(f"it said: {text}")
        raise
