"""The topic of the log is created again while Cassandra keeps what was stored: nothing that follows is skipped."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient

from history.codec import encode
from history.model import MessageSent
from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.ports import Window
from history.stored_log import open_epoch_log
from kernel.errors import ChatlyError
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.epoch_log import EpochLog
from kernel.log.epochs import EpochCause
from kernel.log.ports import LogConsumer
from kernel.time import SystemClock
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.fakes import a_platform
from tests.unit.history.builders import ANN, ANN_AND_BOB, ChatBuilder

pytestmark = [pytest.mark.engines("kafka", "cassandra"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
async def store(cassandra_contact_points: str, keyspace: str) -> AsyncIterator[HistoryStore]:
    async with emptied_cassandra(cassandra_contact_points, keyspace, cassandra_schema()) as session:
        yield cassandra_history(session)


@dataclass
class Topic:
    """A topic that can be deleted and created again."""

    settings: KafkaSettings

    async def lose(self) -> None:
        """Delete the topic; the next process that connects creates it."""
        with closing(KafkaAdminClient(bootstrap_servers=list(self.settings.bootstrap))) as admin:
            await asyncio.to_thread(admin.delete_topics, [self.settings.topic])


@pytest.fixture(params=["confluent", "kafka-python"])
def topic(kafka_bootstrap: str, fresh_name: str, request: pytest.FixtureRequest) -> Topic:
    return Topic(
        KafkaSettings(
            bootstrap=tuple(kafka_bootstrap.split(",")),
            topic=fresh_name,
            partitions=2,
            replication=1,
            client_library=request.param,
        )
    )


@dataclass
class Run:
    """A sender and a persister."""

    log: EpochLog
    store: HistoryStore
    consumer: LogConsumer
    chat: ChatBuilder

    async def send(self, count: int, texts: list[str]) -> None:
        """Append messages; retry until each is acknowledged."""
        for _ in range(count):
            texts.append(f"message {len(texts) + 1}")
            value = encode(self.chat.event(ANN, MessageSent(uuid4(), texts[-1])))
            while True:
                with suppress(ChatlyError):
                    await self.log.append(ANN_AND_BOB, value)
                    break
                await asyncio.sleep(0.2)

    async def persist(self, expected: list[str]) -> None:
        """Store the log until exactly these messages are stored, in this order, with dense `seq`."""
        async with asyncio.timeout(60):
            while await self._kept() != list(enumerate(expected, 1)):
                with suppress(ChatlyError):
                    records = await self.consumer.fetch(max_records=3, wait=1)
                    if records:
                        await self.store.writer.apply(records)

    async def _kept(self) -> list[tuple[int, str]]:
        states = await self.store.messages.window(ANN_AND_BOB, Window(limit=99))
        return sorted((state.seq, state.content.text) for state in states if state.content)


@asynccontextmanager
async def run(topic: Topic, store: HistoryStore, folder: Path, chat: ChatBuilder) -> AsyncIterator[Run]:
    async with (
        open_kafka_log(topic.settings, patience=30) as raw,
        a_platform(data_dir=folder, clock=SystemClock()) as platform,
        open_epoch_log(replace(platform, log=raw, log_reader=raw, log_consumer=raw.consumer), store.log) as log,
    ):

        async def resume(_: object) -> dict[int, int]:
            return dict(await store.log.stored())

        async with log.consumer("persister", resume=resume) as consumer:
            yield Run(log, store, consumer, chat)


async def test_a_topic_created_again_between_two_runs(topic: Topic, store: HistoryStore, tmp_path: Path) -> None:
    texts: list[str] = []
    chat = ChatBuilder()
    async with run(topic, store, tmp_path, chat) as first:
        await first.send(5, texts)
        await first.persist(texts)
    await topic.lose()

    async with run(topic, store, tmp_path, chat) as second:
        assert second.log.ordinals.epochs[-1].cause is EpochCause.OTHER_LOG
        await second.send(8, texts)
        await second.persist(texts)


async def test_a_topic_created_again_under_running_processes(topic: Topic, store: HistoryStore, tmp_path: Path) -> None:
    texts: list[str] = []
    chat = ChatBuilder()
    async with run(topic, store, tmp_path, chat) as running:
        await running.send(5, texts)
        await running.persist(texts)
        await topic.lose()
        async with open_kafka_log(topic.settings, patience=30):
            pass

        await running.send(8, texts)
        await running.persist(texts)

        assert running.log.ordinals.epochs[-1].cause is EpochCause.OTHER_LOG
