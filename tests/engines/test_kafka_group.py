"""Members of one Kafka group share the partitions, hand them over, and start where their store ends."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

import pytest

from kernel.kafka.log import KafkaLog, open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogConsumer, LogPosition, LogRecord
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(120)]
PARTITIONS = 4


@pytest.fixture
def settings(kafka_bootstrap: str, fresh_name: str) -> KafkaSettings:
    bootstrap = tuple(kafka_bootstrap.split(","))
    return KafkaSettings(bootstrap=bootstrap, topic=fresh_name, partitions=PARTITIONS, replication=1)


class Shelf:
    """A store that several members write to, like persisters. It records who wrote what."""

    def __init__(self) -> None:
        self.brought: list[tuple[str, LogPosition]] = []
        self._ends: dict[int, int] = {}

    async def stored(self) -> Mapping[int, int]:
        return dict(self._ends)

    async def resume(self, partitions: Collection[int]) -> Mapping[int, int]:
        return {partition: end for partition, end in self._ends.items() if partition in partitions}

    def put(self, member: str, records: Sequence[LogRecord]) -> None:
        for record in records:
            self.brought.append((member, record.position))
            self._ends[record.position.partition] = record.position.offset

    def by(self, member: str) -> set[int]:
        return {position.partition for name, position in self.brought if name == member}


async def work(member: str, consumer: LogConsumer, shelf: Shelf) -> None:
    while True:
        shelf.put(member, await consumer.fetch(max_records=10, wait=0.5))


async def append(log: KafkaLog, count: int) -> None:
    await asyncio.gather(*(log.append(f"chat {number}", b"") for number in range(count)))


async def halves(*members: LogConsumer) -> bool:
    return {len(await member.lag()) for member in members} == {PARTITIONS // 2}


async def until_stored(log: KafkaLog, shelf: Shelf) -> None:
    async def all_stored() -> bool:
        return {**dict.fromkeys(range(PARTITIONS), -1), **await shelf.stored()} == await log.ends()

    await eventually(all_stored, "all stored", seconds=40)


async def test_members_share_the_partitions_and_hand_them_over(settings: KafkaSettings) -> None:
    shelf = Shelf()
    async with open_kafka_log(settings) as log, log.consumer("group", resume=shelf.resume) as staying:
        first = asyncio.create_task(work("staying", staying, shelf))
        await append(log, 100)
        await until_stored(log, shelf)
        async with open_kafka_log(settings) as elsewhere, elsewhere.consumer("group", resume=shelf.resume) as leaving:
            second = asyncio.create_task(work("leaving", leaving, shelf))
            await eventually(partial(halves, staying, leaving), "half the partitions each", seconds=40)
            shelf.brought.clear()
            await append(log, 100)
            await until_stored(log, shelf)
            shared = shelf.by("staying"), shelf.by("leaving")
            second.cancel()
        shelf.brought.clear()
        await append(log, 100)
        await until_stored(log, shelf)
        first.cancel()

        assert shared[0] | shared[1] == set(range(PARTITIONS))
        assert not shared[0] & shared[1]
        assert shelf.by("staying") == set(range(PARTITIONS))


async def test_no_record_is_skipped_or_read_twice_while_members_join_and_leave(settings: KafkaSettings) -> None:
    shelf = Shelf()
    async with open_kafka_log(settings) as log, log.consumer("group", resume=shelf.resume) as staying:
        first = asyncio.create_task(work("staying", staying, shelf))
        for name in ("second", "third"):
            async with log.consumer("group", resume=shelf.resume) as passing:
                other = asyncio.create_task(work(name, passing, shelf))
                async with asyncio.timeout(40):
                    while not shelf.by(name):
                        await append(log, 20)
                        await asyncio.sleep(0.1)
                other.cancel()
        await append(log, 20)
        await until_stored(log, shelf)
        first.cancel()

        places = [position for _, position in shelf.brought]
        ends = await log.ends()
        assert len(places) == len(set(places)) == sum(end + 1 for end in ends.values())


async def test_a_cancelled_fetch_loses_no_record(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings) as log, log.consumer("group") as consumer:
        await append(log, 50)
        found: list[LogRecord] = []
        async with asyncio.timeout(30):
            while len(found) < 50:
                cancelled = asyncio.create_task(consumer.fetch(max_records=5, wait=1))
                await asyncio.sleep(0.001)
                cancelled.cancel()
                with suppress(asyncio.CancelledError):
                    found += await cancelled
                found += await consumer.fetch(max_records=5, wait=1)

        assert len({record.position for record in found}) == len(found) == 50
