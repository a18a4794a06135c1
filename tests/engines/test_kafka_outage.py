"""A Kafka is stopped and restarted: appends fail fast with a clear error, then work again, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engines.kafka import kafka_nodes
from engines.node import Node
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.kafka.log import KafkaLog, open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition
from tests.engines.kafka_threads import kafka_threads
from tests.engines.own import OwnEngine
from tests.engines.ports import small_settings
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(180)]
APPEND_SECONDS = 2.0


class OwnKafka(OwnEngine):
    """One broker with a topic."""

    def __init__(self, node: Node, topic: str, client: str) -> None:
        super().__init__(node)
        self.settings = KafkaSettings(
            bootstrap=(node.address,),
            topic=topic,
            partitions=2,
            replication=1,
            append_seconds=APPEND_SECONDS,
            client_library=client,
        )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    (made,) = kafka_nodes(small_settings(tmp_path_factory.mktemp("kafka")))
    return made


@pytest.fixture(params=["confluent", "kafka-python"])
async def kafka(node: Node, fresh_name: str, request: pytest.FixtureRequest) -> AsyncIterator[OwnKafka]:
    own = OwnKafka(node, fresh_name, request.param)
    await own.start()
    yield own
    await own.stop()


async def appended(log: KafkaLog, value: bytes) -> LogPosition:
    """A client that retries for as long as its deadline allows."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await log.append("chat", value)
            except ChatlyError as error:
                if error.reason != KernelReason.LOG_UNAVAILABLE:
                    raise
                await asyncio.sleep(error.retry_after or 1)


async def values(log: KafkaLog) -> list[bytes]:
    partition = next(partition for partition, end in (await log.ends()).items() if end >= 0)
    return [record.value for record in await log.read(partition, after=-1, limit=1_000)]


async def test_an_append_without_kafka_fails_within_its_timeout_and_works_again_afterwards(kafka: OwnKafka) -> None:
    async with open_kafka_log(kafka.settings) as log:
        before = await log.append("chat", b"before")
        await kafka.stop(kill=False)

        with pytest.raises(ChatlyError) as failure:
            async with asyncio.timeout(APPEND_SECONDS + 2):
                await log.append("chat", b"meanwhile")
        await kafka.start()
        await appended(log, b"after")

        assert (failure.value.code, failure.value.reason) == (Code.UNAVAILABLE, KernelReason.LOG_UNAVAILABLE)
        assert failure.value.retry_after
        kept = await log.read(before.partition, after=before.offset - 1, limit=99)
        assert [record.value for record in kept if record.value != b"meanwhile"] == [b"before", b"after"]


async def test_once_kafka_is_known_to_be_unreachable_many_appends_fail_at_once(kafka: OwnKafka) -> None:
    async with open_kafka_log(kafka.settings) as log:
        await log.append("chat", b"before")
        await kafka.stop(kill=False)
        with pytest.raises(ChatlyError):
            await log.append("chat", b"the first to notice")
        await asyncio.sleep(0)

        flood = [log.append("chat", b"flood") for _ in range(200)]
        async with asyncio.timeout(APPEND_SECONDS / 2):
            outcomes = await asyncio.gather(*flood, return_exceptions=True)

        assert {getattr(outcome, "reason", None) for outcome in outcomes} == {KernelReason.LOG_UNAVAILABLE}


async def test_after_a_kill_acknowledged_records_are_there_and_retried_ones_at_most_twice(kafka: OwnKafka) -> None:
    async with open_kafka_log(kafka.settings) as log:
        first = [asyncio.create_task(appended(log, str(number).encode())) for number in range(100)]
        await asyncio.sleep(0)
        await kafka.stop()
        await kafka.start()
        await asyncio.gather(*first)

        found = await values(log)
        assert {int(value) for value in found} >= set(range(100))
        assert max(found.count(value) for value in found) <= 2


async def test_a_log_opened_before_kafka_starts_recovers_on_its_own(kafka: OwnKafka) -> None:
    await kafka.stop(kill=False)
    async with open_kafka_log(kafka.settings, patience=0.1) as log, log.consumer("late") as consumer:
        for refused in (log.append("chat", b""), log.ends(), log.log_id(), consumer.fetch(max_records=1, wait=0)):
            with pytest.raises(ChatlyError, match="no broker answers at 127"):
                await refused
        await kafka.start()

        await appended(log, b"late")
        async with asyncio.timeout(30):
            while not await consumer.fetch(max_records=99, wait=1):
                continue


async def test_a_consumer_continues_after_an_outage_of_kafka(kafka: OwnKafka) -> None:
    async with open_kafka_log(kafka.settings) as log, log.consumer("group") as consumer:
        await log.append("chat", b"one")
        seen: list[bytes] = []
        async with asyncio.timeout(20):
            while not seen:
                seen += [record.value for record in await consumer.fetch(max_records=9, wait=1)]
        await kafka.stop()
        assert list(await consumer.fetch(max_records=9, wait=0.5)) == []
        await kafka.start()
        await appended(log, b"two")

        async with asyncio.timeout(60):
            while b"two" not in seen:
                seen += [record.value for record in await consumer.fetch(max_records=9, wait=1)]


async def test_waiting_for_unreachable_brokers_leaves_no_threads_and_connects_once_they_start(
    kafka: OwnKafka,
) -> None:
    async with open_kafka_log(kafka.settings) as log, log.consumer("group") as consumer:
        written = await log.append("chat", b"one")
        await kafka.stop()
        for _ in range(2):
            with pytest.raises(ChatlyError):
                await log.read(written.partition, after=-1, limit=1)
            with pytest.raises(ChatlyError):
                await consumer.fetch(max_records=1, wait=10)
        await eventually(lambda: not kafka_threads(), "nothing is left of them")
        await kafka.start()

        seen: list[bytes] = []
        async with asyncio.timeout(60):
            while not seen:
                seen += [record.value for record in await consumer.fetch(max_records=9, wait=1)]
        assert seen == await values(log) == [b"one"]
