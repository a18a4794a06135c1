"""What is told again where a persister before this one may have died between storing and telling."""

from collections.abc import Sequence
from uuid import UUID

from history.model import StoredEvent
from history.ports import Applied
from kernel.log.ports import LogRecord
from services.persister.announce import Announce
from services.persister.take_up import TakeUp
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ChatBuilder
from tests.unit.persister.plant import BATCH_SIZE, GROUP, Plant


def a_take_up(plant: Plant) -> TakeUp:
    """As of a new process."""
    announce = Announce(bus=plant.bus, log=plant.log)
    return TakeUp(log=plant.log, events=plant.store.events, announce=announce, batch_size=BATCH_SIZE)


async def store_silently(plant: Plant) -> None:
    """As a persister that dies before it tells anybody."""
    for partition in await plant.log.ends():
        await plant.writer.apply(await plant.log.read(partition, after=-1, limit=1_000))


async def test_what_a_dead_persister_stored_and_never_told_is_told_before_newer_watermarks(plant: Plant) -> None:
    chat = ChatBuilder()
    sent = [chat.sent(), chat.sent()]
    last = await plant.append(*sent)
    await store_silently(plant)
    newer = chat.sent()
    await plant.append(newer)
    await plant.listen()

    await plant.persist().step()

    heard = await plant.heard()
    assert [item.event for item in heard if isinstance(item, StoredEvent)] == [*sent, newer]
    assert heard[2] == {last.partition: last.offset}
    assert heard[-1] == {last.partition: last.offset + 1}


async def test_no_more_than_one_batch_is_told_again(plant: Plant) -> None:
    chat = ChatBuilder()
    last = await plant.append(*(chat.sent() for _ in range(3 * BATCH_SIZE)))
    await store_silently(plant)
    await plant.listen()

    await a_take_up(plant)([last.partition])

    told = [item.position.offset for item in await plant.heard() if isinstance(item, StoredEvent)]
    assert told == list(range(2 * BATCH_SIZE, 3 * BATCH_SIZE))


async def test_partitions_of_others_are_left_alone(plant: Plant) -> None:
    last = await plant.append(ChatBuilder().sent())
    await store_silently(plant)
    others = [partition for partition in await plant.log.ends() if partition != last.partition]
    await plant.listen()

    assert await a_take_up(plant)(others) == {}
    assert await a_take_up(plant)([last.partition]) == {last.partition: last.offset}

    assert len(await plant.heard()) == 2


async def test_second_copies_and_words_that_were_taken_back_are_not_told_again(plant: Plant) -> None:
    chat = ChatBuilder()
    kept, copy, secret = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7)), chat.sent(text="secret")
    deleted = chat.deleted_for_everyone(secret)
    last = await plant.append(kept, copy, secret, deleted)
    await store_silently(plant)
    await plant.listen()

    await a_take_up(plant)([last.partition])

    told = [item.event for item in await plant.heard() if isinstance(item, StoredEvent)]
    assert [event.event_id for event in told] == [kept.event_id, secret.event_id, deleted.event_id]
    assert "secret" not in str(told)


async def test_a_batch_whose_fate_was_unknown_is_told(plant: Plant) -> None:
    class Muffled:
        """Stores the first batch, and fails to say so."""

        def __init__(self) -> None:
            self.lost = 0

        async def apply(self, records: Sequence[LogRecord]) -> Applied:
            applied = await plant.store.writer.apply(records)
            if not self.lost:
                self.lost += 1
                plant.writer.refusals = 1
                return await plant.writer.apply(records)
            return applied

    sent = ChatBuilder().sent()
    position = await plant.append(sent)
    await plant.listen()
    persist = plant.persist()
    persist._writer = Muffled()

    await persist.step()

    assert await plant.heard() == [StoredEvent(position, sent), {position.partition: position.offset}]


async def test_what_this_process_told_is_not_told_again_when_it_begins_anew(plant: Plant) -> None:
    chat = ChatBuilder()
    await plant.append(chat.sent())
    announce = Announce(bus=plant.bus, log=plant.log)
    take_up = TakeUp(log=plant.log, events=plant.store.events, announce=announce, batch_size=BATCH_SIZE)
    consumer = MemoryConsumer(plant.log, GROUP, take_up)
    persist = plant.persist(consumer=consumer)
    persist._announce = announce
    await persist.step()
    await plant.listen()
    last = await plant.append(chat.sent())

    await consumer.rewind()
    await persist.step()

    assert [item.position for item in await plant.heard() if isinstance(item, StoredEvent)] == [last]
