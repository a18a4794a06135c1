"""Nodes of one mesh append with different client libraries, during an update or after a change of the setting."""

import asyncio
from dataclasses import replace

import pytest
from kafka.errors import MessageSizeTooLargeError

from kernel.errors import ChatlyError, KernelReason
from kernel.kafka.append import build_producer
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import MAX_RECORD_BYTES, KafkaSettings

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(120)]


@pytest.fixture(params=["confluent", "kafka-python"])
def settings(kafka_bootstrap: str, fresh_name: str, request: pytest.FixtureRequest) -> KafkaSettings:
    return KafkaSettings(
        bootstrap=tuple(kafka_bootstrap.split(",")),
        topic=fresh_name,
        partitions=12,
        replication=1,
        client_library=request.param,
    )


def with_other_library(settings: KafkaSettings) -> KafkaSettings:
    other = {"confluent": "kafka-python", "kafka-python": "confluent"}
    return replace(settings, client_library=other[settings.client_library])


async def test_nodes_with_different_libraries_append_a_chat_in_one_order(settings: KafkaSettings) -> None:
    async with (
        open_kafka_log(settings, patience=30) as one,
        open_kafka_log(with_other_library(settings), patience=30) as other,
    ):
        positions = [await (one, other)[number % 2].append("ann_bob", b"%d" % number) for number in range(6)]
        records = await one.read(positions[0].partition, after=-1, limit=99)

    assert [record.position for record in records] == positions
    assert [(record.key, record.value) for record in records] == [("ann_bob", b"%d" % number) for number in range(6)]


async def test_a_record_beyond_the_limit_is_refused_and_the_next_one_is_appended(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30) as log:
        with pytest.raises(MessageSizeTooLargeError):
            await log.append("chat", bytes(MAX_RECORD_BYTES + 1))

        await log.append("chat", b"small")


async def test_closing_delivers_the_waiting_records_and_refuses_later_ones(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30) as log:
        waiting = [asyncio.create_task(log.append("chat", b"%d" % number)) for number in range(100)]
        await asyncio.sleep(0)

    offsets = [position.offset for position in await asyncio.gather(*waiting)]
    assert offsets == sorted(offsets)
    with pytest.raises(ChatlyError) as refused:
        await log.append("chat", b"late")
    assert refused.value.reason == KernelReason.LOG_UNAVAILABLE


async def test_closing_twice_does_nothing(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30):
        producer = await asyncio.to_thread(build_producer, settings)
        await asyncio.to_thread(producer.close)
        await asyncio.to_thread(producer.close)
