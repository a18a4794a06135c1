"""The lag metrics cover exactly the partitions that this process owns, in records and in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from history.ports import EventReader
from kernel.errors import KernelReason, unavailable
from kernel.telemetry import metrics
from services.persister.status import GetStatus, LagReporter, OldestUnstored
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ChatBuilder
from tests.unit.persister.harness import GROUP, Persister


class SharingConsumer(MemoryConsumer):
    """LogConsumer that has lost the partitions in `lost` to other members."""

    lost: frozenset[int] = frozenset()

    async def lag(self) -> Mapping[int, int]:
        return {partition: lag for partition, lag in (await super().lag()).items() if partition not in self.lost}


@dataclass
class SwitchableEvents:
    """StoredOffsets that fails while `unavailable` is set."""

    events: EventReader
    unavailable: bool = field(default=False)

    async def stored(self) -> Mapping[int, int]:
        if self.unavailable:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")
        return await self.events.stored()


class Lag:
    """The lag reporter and its metric."""

    def __init__(self, persister: Persister) -> None:
        self.consumer = SharingConsumer(persister.log, GROUP)
        self.events = SwitchableEvents(persister.store.events)
        oldest = OldestUnstored(persister.log)
        self.status = GetStatus(
            consumer=self.consumer,
            log=persister.log,
            events=self.events,
            dead_letters=persister.store.dead_letters,
            oldest=oldest,
            progress=persister.progress,
        )
        self.reporter = LagReporter(
            consumer=self.consumer,
            status=self.status,
            oldest=oldest,
            progress=persister.progress,
            clock=persister.clock,
            retention=timedelta(days=30),
        )

    async def reported(self, metric: str = "chatly_persister_lag_records") -> dict[int, float]:
        """Report once and return the exported metric (partition → lag)."""
        await self.reporter.report()
        families = text_string_to_metric_families(metrics.exposition().decode())
        (lag,) = [family for family in families if family.name == metric]
        return {int(sample.labels["partition"]): sample.value for sample in lag.samples}


async def test_a_partition_of_another_process_leaves_the_metric(persister: Persister) -> None:
    position = await persister.append(ChatBuilder().sent())
    lag = Lag(persister)
    before = await lag.reported()

    lag.consumer.lost = frozenset({position.partition})

    assert before == dict.fromkeys(range(4), 0) | {position.partition: 1}
    assert await lag.reported() == {number: 0 for number in range(4) if number != position.partition}


async def test_a_partition_that_returns_is_reported_again(persister: Persister) -> None:
    lag = Lag(persister)
    await lag.reported()
    lag.consumer.lost = frozenset({0, 1, 2, 3})
    assert await lag.reported() == {}

    lag.consumer.lost = frozenset({0})

    assert await lag.reported() == {1: 0, 2: 0, 3: 0}


async def test_the_lag_grows_while_the_store_is_unavailable(persister: Persister) -> None:
    chat = ChatBuilder()
    lag = Lag(persister)
    position = await persister.append(chat.sent())
    assert (await lag.reported())[position.partition] == 1

    lag.events.unavailable = True
    await persister.append(chat.sent(), chat.sent())

    assert (await lag.reported())[position.partition] == 3


async def test_the_age_is_that_of_the_oldest_record_that_is_not_stored(persister: Persister) -> None:
    chat, lag = ChatBuilder(), Lag(persister)
    await persister.append(chat.sent())
    await persister.persist().step()
    persister.clock.advance(500)
    position = await persister.append(chat.sent())
    first = persister.clock.now()
    persister.clock.advance(60)
    await persister.append(chat.sent())
    persister.clock.advance(40)

    ages = await lag.reported("chatly_persister_lag_seconds")
    (behind,) = [each for each in (await lag.status()).partitions if each.lag]

    assert ages == dict.fromkeys(range(4), 0) | {position.partition: 100}
    assert behind.oldest_unstored_at == first


async def test_the_age_falls_to_zero_once_all_is_stored(persister: Persister) -> None:
    lag = Lag(persister)
    await persister.append(ChatBuilder().sent())
    persister.clock.advance(100)
    assert max((await lag.reported("chatly_persister_lag_seconds")).values()) == 100

    await persister.persist().step()

    assert max((await lag.reported("chatly_persister_lag_seconds")).values()) == 0


async def test_the_age_grows_while_the_store_is_unavailable(persister: Persister) -> None:
    chat, lag = ChatBuilder(), Lag(persister)
    position = await persister.append(chat.sent())
    await persister.persist().step()
    await lag.reported()

    lag.events.unavailable = True
    await persister.append(chat.sent())
    persister.clock.advance(timedelta(days=11).total_seconds())

    age = (await lag.reported("chatly_persister_lag_seconds"))[position.partition]
    assert age == timedelta(days=11).total_seconds()
    assert await lag.reporter.warning() == (
        "the oldest record that is not stored is 11.0 days old; the log keeps records for 30 days"
        " (CHATLY_LOG_RETENTION_DAYS)"
    )


async def test_nothing_warns_before_a_third_of_the_retention_time(persister: Persister) -> None:
    lag = Lag(persister)
    await persister.append(ChatBuilder().sent())
    persister.clock.advance(timedelta(days=9.9).total_seconds())
    await lag.reported()

    assert await lag.reporter.warning() is None
