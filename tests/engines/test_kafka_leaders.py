"""A partition changes its leader while the old leader keeps running: requests for offsets go to the new leader."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition

from engines.kafka import kafka_nodes
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogConsumer
from tests.engines.own import OwnEngine
from tests.engines.ports import small_settings

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(240)]

_PREFERRED = 0


@pytest.fixture
async def settings(tmp_path: Path, fresh_name: str) -> AsyncIterator[KafkaSettings]:
    """Three brokers."""
    cluster = replace(small_settings(tmp_path), nodes=3, kafka_host="127.0.0.{}")
    brokers = [OwnEngine(node) for node in kafka_nodes(cluster)]
    try:
        await asyncio.gather(*(broker.start() for broker in brokers))
        yield KafkaSettings(
            bootstrap=tuple(broker.address for broker in brokers), topic=fresh_name, partitions=1, replication=3
        )
    finally:
        await asyncio.gather(*(broker.stop() for broker in brokers))


class Leaders:
    """Return the leader of the only partition of a topic."""

    def __init__(self, admin: KafkaAdminClient, topic: str) -> None:
        self._admin = admin
        self._place = TopicPartition(topic, 0)

    def now(self) -> int:
        (topic,) = self._admin.describe_topics([self._place.topic])
        (partition,) = topic["partitions"]
        return int(partition["leader_id"])

    def hand_on(self) -> None:
        """Move it to another broker that has all records of the old leader."""
        before = self.now()
        others = [broker for broker in (1, 2, 3) if broker != before]
        self._admin.alter_partition_reassignments({self._place: [*others, before]})
        self._admin.elect_leaders(_PREFERRED, {self._place.topic: [self._place.partition]})


@pytest.fixture
def leaders(settings: KafkaSettings) -> Iterator[Leaders]:
    with closing(KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))) as admin:
        yield Leaders(admin, settings.topic)


async def test_readers_and_members_of_a_group_find_the_new_leader(settings: KafkaSettings, leaders: Leaders) -> None:
    async with open_kafka_log(settings) as log, log.consumer("group", resume=from_the_start) as member:
        await log.append("chat", b"before")
        assert await log.ends() == {0: 0}
        assert await fetched(member, 1) == [b"before"]
        before = await asyncio.to_thread(leaders.now)

        await asyncio.to_thread(leaders.hand_on)
        # The new leader has it, so the old one knows by now that it lost leadership.
        await log.append("chat", b"after")
        assert await asyncio.to_thread(leaders.now) != before

        assert await log.ends() == {0: 1}
        assert [record.value for record in await log.read(0, after=0, limit=9)] == [b"after"]
        await member.rewind()
        assert await fetched(member, 2) == [b"before", b"after"]


async def from_the_start(_: Collection[int]) -> Mapping[int, int]:
    return {}


async def fetched(member: LogConsumer, count: int) -> list[bytes]:
    """Return the values of this many records."""
    values: list[bytes] = []
    async with asyncio.timeout(40):
        while len(values) < count:
            values += [record.value for record in await member.fetch(max_records=9, wait=1)]
    return values
