"""A single Kafka broker loses power under load."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from history.codec import encode
from history.model import MessageSent
from history.open import HistoryStore, open_history
from history.ports import Window
from history.stored_log import open_epoch_log
from kernel.errors import ChatlyError
from kernel.kafka.log import KafkaLog, open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.epoch_log import EpochLog
from kernel.log.epochs import EpochCause
from kernel.log.ports import LogConsumer
from kernel.time import SystemClock
from tests.engines.ports import small_settings
from tests.fakes import a_platform
from tests.powercut.engine import PowerCutEngine, power_cut_kafka
from tests.unit.history.builders import ANN, ANN_AND_BOB, ChatBuilder
from tests.waiting import eventually

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.toolchain("gcc"), pytest.mark.timeout(600)]


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[PowerCutEngine]:
    own = power_cut_kafka(small_settings(tmp_path / "engines"))
    await own.start()
    yield own
    await own.stop()


@pytest.fixture
def settings(broker: PowerCutEngine, fresh_name: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=(broker.address,), topic=fresh_name, partitions=2, replication=1, append_seconds=5.0)


async def test_a_broker_keeps_what_it_acknowledged(broker: PowerCutEngine, settings: KafkaSettings) -> None:
    acknowledged: list[int] = []

    async def send(log: KafkaLog, sender: int) -> None:
        for number in range(sender, 100_000, 8):
            try:
                await log.append(f"chat {number % 5}", str(number).encode())
            except ChatlyError:
                return
            acknowledged.append(number)

    async with open_kafka_log(settings, patience=30) as log:
        async with asyncio.TaskGroup() as senders:
            for sender in range(8):
                senders.create_task(send(log, sender))
            await eventually(lambda: len(acknowledged) > 100, "there is something to lose", seconds=120)
            await broker.cut_power()
        await broker.start()

        found = await _values(log)

    assert set(acknowledged) <= found


async def _values(log: KafkaLog) -> set[int]:
    async with asyncio.timeout(120):
        while True:
            with suppress(ChatlyError):
                return {
                    int(record.value)
                    for partition in range(2)
                    for record in await log.read(partition, after=-1, limit=100_000)
                }
            await asyncio.sleep(0.2)


async def test_a_broker_that_lost_its_tail_begins_an_epoch_and_keeps_what_follows(
    broker: PowerCutEngine, settings: KafkaSettings, tmp_path: Path
) -> None:
    kept: list[str] = []
    chat = ChatBuilder()
    async with open_history(tmp_path / "data") as store:
        async with _running(settings, store, tmp_path, chat) as first:
            kept += await first.send(3)
            await first.persist(kept)
            # Synced up to here: the broker stops in order.
            await broker.stop(kill=False)
            await broker.start()
            _sync_rarely(settings)
            kept += await first.send(5)
            await first.persist(kept)
        await broker.cut_power()
        await broker.start()

        async with _running(settings, store, tmp_path, chat) as second:
            (epoch,) = [each for each in second.log.ordinals.epochs if each.number > 0]
            kept += await second.send(7)
            await second.persist(kept)

    assert epoch.cause is EpochCause.SHORTER_LOG


@dataclass
class Run:
    """A sender and a persister."""

    log: EpochLog
    store: HistoryStore
    consumer: LogConsumer
    chat: ChatBuilder

    async def send(self, count: int) -> list[str]:
        """Append messages, retry until each is acknowledged, and return their texts."""
        texts = [f"message {uuid4()}" for _ in range(count)]
        for text in texts:
            value = encode(self.chat.event(ANN, MessageSent(uuid4(), text)))
            async with asyncio.timeout(120):
                while True:
                    with suppress(ChatlyError):
                        await self.log.append(ANN_AND_BOB, value)
                        break
                    await asyncio.sleep(0.2)
        return texts

    async def persist(self, expected: list[str]) -> None:
        """Store the log until exactly these messages are stored, in this order, with dense `seq`."""
        async with asyncio.timeout(120):
            while await self._stored() != list(enumerate(expected, 1)):
                with suppress(ChatlyError):
                    records = await self.consumer.fetch(max_records=3, wait=1)
                    if records:
                        await self.store.writer.apply(records)

    async def _stored(self) -> list[tuple[int, str]]:
        states = await self.store.messages.window(ANN_AND_BOB, Window(limit=99))
        return sorted((state.seq, state.content.text) for state in states if state.content)


@asynccontextmanager
async def _running(settings: KafkaSettings, store: HistoryStore, folder: Path, chat: ChatBuilder) -> AsyncIterator[Run]:
    async with (
        open_kafka_log(settings, patience=30) as raw,
        a_platform(data_dir=folder, clock=SystemClock()) as platform,
        open_epoch_log(replace(platform, log=raw, log_reader=raw, log_consumer=raw.consumer), store.log) as log,
    ):

        async def resume(_: object) -> dict[int, int]:
            return dict(await store.log.stored())

        async with log.consumer("persister", resume=resume) as consumer:
            yield Run(log, store, consumer, chat)


def _sync_rarely(settings: KafkaSettings) -> None:
    topic = ConfigResource(ConfigResourceType.TOPIC, settings.topic, {"flush.messages": "1000000"})
    with closing(KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))) as admin:
        admin.alter_configs([topic], incremental=True)
