"""A persister that takes over partitions publishes their last stored batch again."""

from collections.abc import Sequence
from uuid import UUID

from history.model import LogEvent
from history.ports import Applied
from kernel.log.ports import LogRecord
from services.persister.publish_stored import PublishStored
from services.persister.resume_point import ResumePoint
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ChatBuilder
from tests.unit.persister.harness import BATCH_SIZE, GROUP, Persister


def a_resume_point(persister: Persister) -> ResumePoint:
    """Return the resume point of a new process."""
    publish = PublishStored(bus=persister.bus, log=persister.log)
    return ResumePoint(log=persister.log, events=persister.store.events, publish=publish, batch_size=BATCH_SIZE)


async def store_without_publishing(persister: Persister) -> None:
    """Store all records like a persister that dies before it publishes."""
    for partition in await persister.log.ends():
        await persister.writer.apply(await persister.log.read(partition, after=-1, limit=1_000))


async def test_events_that_a_dead_persister_did_not_publish_are_published_before_newer_watermarks(
    persister: Persister,
) -> None:
    chat = ChatBuilder()
    sent = [chat.sent(), chat.sent()]
    last = await persister.append(*sent)
    await store_without_publishing(persister)
    newer = chat.sent()
    await persister.append(newer)
    await persister.subscribe()

    await persister.persist().step()

    received = await persister.received()
    assert [item.event for item in received if isinstance(item, LogEvent)] == [*sent, newer]
    assert received[2] == {last.partition: last.offset}
    assert received[-1] == {last.partition: last.offset + 1}


async def test_at_most_one_batch_is_published_again(persister: Persister) -> None:
    chat = ChatBuilder()
    last = await persister.append(*(chat.sent() for _ in range(3 * BATCH_SIZE)))
    await store_without_publishing(persister)
    await persister.subscribe()

    await a_resume_point(persister)([last.partition])

    published = [item.position.offset for item in await persister.received() if isinstance(item, LogEvent)]
    assert published == list(range(2 * BATCH_SIZE, 3 * BATCH_SIZE))


async def test_partitions_of_other_persisters_are_not_published(persister: Persister) -> None:
    last = await persister.append(ChatBuilder().sent())
    await store_without_publishing(persister)
    others = [partition for partition in await persister.log.ends() if partition != last.partition]
    await persister.subscribe()

    assert await a_resume_point(persister)(others) == {}
    assert await a_resume_point(persister)([last.partition]) == {last.partition: last.offset}

    assert len(await persister.received()) == 2


async def test_second_copies_and_deleted_text_are_not_published_again(persister: Persister) -> None:
    chat = ChatBuilder()
    kept, copy, secret = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7)), chat.sent(text="secret")
    deleted = chat.deleted_for_everyone(secret)
    last = await persister.append(kept, copy, secret, deleted)
    await store_without_publishing(persister)
    await persister.subscribe()

    await a_resume_point(persister)([last.partition])

    published = [item.event for item in await persister.received() if isinstance(item, LogEvent)]
    assert [event.event_id for event in published] == [kept.event_id, secret.event_id, deleted.event_id]
    assert "secret" not in str(published)


async def test_a_batch_with_a_lost_reply_is_published(persister: Persister) -> None:
    class LosingFirstReply:
        """Stores the first batch, then fails."""

        def __init__(self) -> None:
            self.lost = 0

        async def apply(self, records: Sequence[LogRecord]) -> Applied:
            applied = await persister.store.writer.apply(records)
            if not self.lost:
                self.lost += 1
                persister.writer.failures = 1
                return await persister.writer.apply(records)
            return applied

    sent = ChatBuilder().sent()
    position = await persister.append(sent)
    await persister.subscribe()
    persist = persister.persist()
    persist._writer = LosingFirstReply()

    await persist.step()

    assert await persister.received() == [LogEvent(position, sent), {position.partition: position.offset}]


async def test_a_rewind_does_not_publish_again_what_this_process_published(persister: Persister) -> None:
    chat = ChatBuilder()
    await persister.append(chat.sent())
    publish = PublishStored(bus=persister.bus, log=persister.log)
    resume = ResumePoint(log=persister.log, events=persister.store.events, publish=publish, batch_size=BATCH_SIZE)
    consumer = MemoryConsumer(persister.log, GROUP, resume)
    persist = persister.persist(consumer=consumer)
    persist._publish = publish
    await persist.step()
    await persister.subscribe()
    last = await persister.append(chat.sent())

    await consumer.rewind()
    await persist.step()

    assert [item.position for item in await persister.received() if isinstance(item, LogEvent)] == [last]
