"""What the lag metric tells: of the partitions that this process has, as they are now, and of no others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from history.ports import EventReader
from kernel.errors import KernelReason, unavailable
from kernel.telemetry import metrics
from services.persister.status import GetStatus
from services.persister.watch import Watch
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ChatBuilder
from tests.unit.persister.plant import GROUP, Plant


class SharingConsumer(MemoryConsumer):
    """LogConsumer whose partitions go to other members when the test says so."""

    gone: frozenset[int] = frozenset()

    async def lag(self) -> Mapping[int, int]:
        return {partition: lag for partition, lag in (await super().lag()).items() if partition not in self.gone}


@dataclass
class SwitchableEvents:
    """The one question of an EventReader that GetStatus asks, refused while the store is `away`."""

    events: EventReader
    away: bool = field(default=False)

    async def stored(self) -> Mapping[int, int]:
        if self.away:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is away")
        return await self.events.stored()


class Post:
    """A watch over a plant."""

    def __init__(self, plant: Plant) -> None:
        self.consumer = SharingConsumer(plant.log, GROUP)
        self.events = SwitchableEvents(plant.store.events)
        status = GetStatus(
            consumer=self.consumer,
            log=plant.log,
            events=self.events,  # type: ignore[arg-type]  # asked for `stored` alone
            dead_letters=plant.store.dead_letters,
            progress=plant.progress,
        )
        self.watch = Watch(consumer=self.consumer, status=status, progress=plant.progress)

    async def told(self) -> dict[int, float]:
        """Partition → lag, as Prometheus hears it after another look."""
        await self.watch.look()
        families = text_string_to_metric_families(metrics.exposition().decode())
        (lag,) = [family for family in families if family.name == "chatly_persister_lag_records"]
        return {int(sample.labels["partition"]): sample.value for sample in lag.samples}


async def test_a_partition_that_went_to_another_process_is_told_no_more(plant: Plant) -> None:
    position = await plant.append(ChatBuilder().sent())
    post = Post(plant)
    before = await post.told()

    post.consumer.gone = frozenset({position.partition})

    assert before == dict.fromkeys(range(4), 0) | {position.partition: 1}
    assert await post.told() == {number: 0 for number in range(4) if number != position.partition}


async def test_a_partition_that_comes_back_is_told_again(plant: Plant) -> None:
    post = Post(plant)
    await post.told()
    post.consumer.gone = frozenset({0, 1, 2, 3})
    assert await post.told() == {}

    post.consumer.gone = frozenset({0})

    assert await post.told() == {1: 0, 2: 0, 3: 0}


async def test_the_lag_grows_also_while_the_store_is_away(plant: Plant) -> None:
    chat = ChatBuilder()
    post = Post(plant)
    position = await plant.append(chat.sent())
    assert (await post.told())[position.partition] == 1

    post.events.away = True
    await plant.append(chat.sent(), chat.sent())

    assert (await post.told())[position.partition] == 3
