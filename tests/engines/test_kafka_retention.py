"""The retention time of the topic follows the setting, and records that it removed are not missed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from history.open import HistoryStore, open_history
from history.ports import Window
from history.stored_log import open_epoch_log
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import refill
from kernel.bus.memory import MemoryBus
from kernel.errors import ChatlyError
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.kafka.topic import retention_config
from kernel.log.epoch_log import EpochLog
from kernel.log.ports import LogConsumer
from kernel.log.retention import RetentionSettings
from services.persister.publish_stored import PublishStored
from services.persister.resume_point import ResumePoint
from tests.fakes import FakeClock, a_platform
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder
from tests.unit.log.harness import BATCH_SIZE, encoded_send

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(120)]


@pytest.fixture
def settings(kafka_bootstrap: str, fresh_name: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=tuple(kafka_bootstrap.split(",")), topic=fresh_name, partitions=1, replication=1)


async def test_a_new_topic_keeps_records_for_the_retention_time(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30):
        pass

    assert await options(settings) == retention_config(timedelta(days=30))


async def test_only_the_process_that_sets_the_retention_changes_an_existing_topic(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30, retention=RetentionSettings(days=0)):
        pass
    week = RetentionSettings(days=7)
    async with open_kafka_log(settings, patience=30, retention=week):
        pass
    assert (await options(settings))["retention.ms"] == "-1"

    async with open_kafka_log(settings, patience=30, retention=week, sets_retention=True):
        pass

    assert await options(settings) == retention_config(timedelta(days=7))


async def test_the_log_gives_the_time_of_a_record(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30) as log:
        position = await log.append("chat", b"")
        (record,) = await log.read(position.partition, after=-1, limit=9, wait=10)

    assert abs(record.appended_at - time.time()) < 60


async def test_what_was_stored_before_it_was_removed_is_not_missed(settings: KafkaSettings, tmp_path: Path) -> None:
    chat = ChatBuilder()
    async with one_run(settings, tmp_path) as run:
        await run.send(chat, 5)
        await run.persist(5)
    await remove(settings, before=4)

    async with one_run(settings, tmp_path) as run:
        tail = MemoryHotTail()
        await run.send(chat, 3)
        await refill(tail=tail, log=run.log, events=run.store.events)
        await run.persist(8)
        replayed = await run.store.events.events_after(ANN_AND_BOB, -1, 99)

    assert len((await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]) == 3
    assert [event.position.offset for event in replayed] == list(range(8))


async def test_what_was_removed_before_it_was_stored_stops_the_persister(
    settings: KafkaSettings, tmp_path: Path
) -> None:
    chat = ChatBuilder()
    async with one_run(settings, tmp_path) as run:
        await run.send(chat, 2)
        await run.persist(2)
        await run.send(chat, 4)
    await remove(settings, before=5)

    async with one_run(settings, tmp_path) as run:
        with pytest.raises(ChatlyError, match="removed records that are not stored: 3 records of partition 0"):
            await run.persist(6)


@dataclass
class Run:
    """A sender and a persister between Kafka and a store."""

    log: EpochLog
    store: HistoryStore
    consumer: LogConsumer

    async def send(self, chat: ChatBuilder, count: int) -> None:
        for number in range(count):
            await self.log.append(ANN_AND_BOB, encoded_send(chat, f"message {number}"))

    async def persist(self, count: int) -> None:
        """Persist until this many messages are stored, with dense `seq`."""
        async with asyncio.timeout(60):
            while await self._seqs() != list(range(1, count + 1)):
                if records := await self.consumer.fetch(max_records=BATCH_SIZE, wait=1):
                    await self.store.writer.apply(records)

    async def _seqs(self) -> list[int]:
        return sorted(state.seq for state in await self.store.messages.window(ANN_AND_BOB, Window(limit=99)))


@asynccontextmanager
async def one_run(settings: KafkaSettings, folder: Path) -> AsyncIterator[Run]:
    """Open a run with the store in `folder`."""
    clock = FakeClock()
    async with (
        open_kafka_log(settings, patience=30) as raw,
        open_history(folder, clock=clock) as store,
        a_platform(data_dir=folder, clock=clock) as platform,
        open_epoch_log(replace(platform, log=raw, log_reader=raw, log_consumer=raw.consumer), store.log) as log,
    ):
        publish = PublishStored(bus=MemoryBus(), log=log)
        resume = ResumePoint(log=log, events=store.events, publish=publish, batch_size=BATCH_SIZE)
        async with log.consumer("persister", resume=resume) as consumer:
            yield Run(log, store, consumer)


async def remove(settings: KafkaSettings, *, before: int) -> None:
    """Move the start of the topic, as retention does."""
    with closing(KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))) as admin:
        await asyncio.to_thread(admin.delete_records, {TopicPartition(settings.topic, 0): before})


async def options(settings: KafkaSettings) -> dict[str, str]:
    """Return the options of the topic that concern its retention."""
    topic = ConfigResource(ConfigResourceType.TOPIC, settings.topic)
    with closing(KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))) as admin:
        found = await asyncio.to_thread(admin.describe_configs, [topic], config_filter="all")
    return {name: str(found["topic"][settings.topic][name]["value"]) for name in retention_config(None)}
