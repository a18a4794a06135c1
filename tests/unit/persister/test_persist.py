"""The loop: what is stored when, what is told, and what happens while the store is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from history.model import MessageWithdrawn, StoredEvent
from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.log.ports import LogRecord
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder
from tests.unit.persister.plant import GROUP, LINGER_SECONDS, Plant
from tests.waiting import eventually


async def test_a_stored_event_is_told_before_the_watermark_that_covers_it(plant: Plant) -> None:
    await plant.listen()
    sent = ChatBuilder().sent()
    position = await plant.append(sent)

    await plant.persist().step()

    assert await plant.heard() == [StoredEvent(position, sent), {position.partition: position.offset}]


async def test_offsets_are_committed_when_the_log_is_idle(plant: Plant) -> None:
    position = await plant.append(ChatBuilder().sent())
    persist = plant.persist()

    await persist.step()
    assert plant.log.committed(GROUP, position.partition) == -1
    await persist.step()
    assert plant.log.committed(GROUP, position.partition) == position.offset


async def test_offsets_are_committed_under_load_when_it_is_time(plant: Plant) -> None:
    chat = ChatBuilder()
    persist = plant.persist(commit_seconds=1.0)
    position = await plant.append(chat.sent())
    plant.clock.advance(1.0)

    await persist.step()

    assert plant.log.committed(GROUP, position.partition) == position.offset


async def test_while_the_store_is_away_it_tries_ever_more_rarely_and_commits_nothing(plant: Plant) -> None:
    position = await plant.append(ChatBuilder().sent())
    plant.writer.refusals = 8

    await plant.persist().step()

    assert plant.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert await plant.seqs() == [1]
    assert plant.log.committed(GROUP, position.partition) == -1


async def test_records_may_gather_after_a_batch_that_was_not_full(plant: Plant) -> None:
    chat = ChatBuilder()
    last = await plant.append(*(chat.sent() for _ in range(13)))

    running = asyncio.create_task(plant.persist().run())
    await eventually(lambda: plant.log.committed(GROUP, last.partition) == last.offset)
    running.cancel()

    assert plant.pauses == [LINGER_SECONDS]


async def test_the_newest_failure_is_kept_also_when_things_work_again(plant: Plant) -> None:
    await plant.append(ChatBuilder().sent())
    plant.writer.refusals = 1

    await plant.persist().step()

    assert plant.progress.last_failure is not None
    assert plant.progress.last_failure.message == "the store is away"
    assert plant.progress.failing is False


async def test_what_another_persister_stored_while_the_store_came_back_is_not_stored_again(plant: Plant) -> None:
    await plant.append(ChatBuilder().sent())
    plant.writer.refusals = 1
    persist = plant.persist()

    async def taken_over(_: float) -> None:
        await plant.persist().step()

    persist._pause = taken_over
    await persist.step()

    assert await plant.seqs() == [1]
    assert plant.writer.taken == 1


async def test_what_waiting_does_not_mend_ends_the_loop(plant: Plant) -> None:
    class Broken(MemoryConsumer):
        async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
            raise ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, "a bug")

    with pytest.raises(ChatlyError, match="a bug"):
        await plant.persist(consumer=Broken(plant.log, GROUP)).run()


async def test_a_log_that_is_away_is_waited_for(plant: Plant) -> None:
    class Shaky(MemoryConsumer):
        failures = 2

        async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
            if self.failures:
                self.failures -= 1
                raise unavailable(KernelReason.LOG_UNAVAILABLE, "the log is away")
            return await super().fetch(max_records=max_records, wait=wait)

    await plant.append(ChatBuilder().sent())

    await plant.persist(consumer=Shaky(plant.log, GROUP)).step()

    assert plant.pauses == [0.1, 0.2]
    assert await plant.seqs() == [1]


async def test_a_log_that_is_back_is_healthy_also_while_it_is_idle(plant: Plant) -> None:
    plant.progress.failed("LOG_UNAVAILABLE", "the log is away")
    assert plant.progress.failing is True

    await plant.persist().step()

    assert plant.progress.failing is False


async def test_a_start_after_a_crash_before_the_commit_stores_nothing_twice(plant: Plant) -> None:
    chat = ChatBuilder()
    await plant.append(chat.sent(), chat.sent())
    await plant.persist().step()

    await plant.append(chat.sent())
    restarted = plant.persist()
    await restarted.step()

    assert await plant.seqs() == [1, 2, 3]


async def test_a_store_older_than_the_groups_offsets_catches_up(plant: Plant) -> None:
    chat = ChatBuilder()
    position = await plant.append(*(chat.sent() for _ in range(25)))
    plant.log.commit(GROUP, {position.partition: position.offset})
    await plant.listen()

    running = asyncio.create_task(plant.persist().run())
    async with asyncio.timeout(10):
        while {position.partition: position.offset} not in await plant.heard():
            pass
    running.cancel()

    assert await plant.seqs() == list(range(1, 26))


async def test_a_second_copy_is_withdrawn_through_the_log_once(plant: Plant) -> None:
    chat = ChatBuilder()
    kept, copy = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))
    await plant.append(kept, copy)
    persist = plant.persist()
    await plant.listen()

    for _ in range(3):
        await persist.step()

    told = [item.event for item in await plant.heard() if isinstance(item, StoredEvent)]
    assert told[0] == kept
    assert [event.change for event in told[1:]] == [MessageWithdrawn(copy.event_id, kept.event_id)]
    assert len(plant.log.records()) == 3
    assert await plant.seqs() == [1]


async def test_a_withdrawal_on_its_way_is_not_appended_with_every_batch(plant: Plant) -> None:
    chat = ChatBuilder()
    copies = [chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))]
    await plant.append(*copies, *(chat.sent() for _ in range(28)))
    persist = plant.persist()

    for _ in range(4):
        await persist.step()

    assert len(plant.log.records()) == 31
    assert await plant.seqs() == list(range(1, 30))


async def test_a_withdrawal_that_could_not_be_appended_is_tried_again(plant: Plant) -> None:
    chat = ChatBuilder()
    await plant.append(chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7)))
    plant.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is away")
    persist = plant.persist()

    async def back_again(seconds: float) -> None:
        plant.pauses.append(seconds)
        plant.log.unavailable = None

    persist._pause = back_again
    await persist.step()

    assert plant.pauses == [0.1]
    assert len(plant.log.records()) == 3


async def test_a_record_that_cannot_be_read_does_not_stop_its_partition(plant: Plant) -> None:
    chat = ChatBuilder()
    await plant.append(chat.sent())
    await plant.log.append(ANN_AND_BOB, b"\xff\xff\xff")
    await plant.append(chat.sent())

    await plant.persist().step()

    assert await plant.seqs() == [1, 2]
    assert await plant.store.dead_letters.count() == 1


async def test_the_rate_is_that_of_the_last_minute(plant: Plant) -> None:
    chat = ChatBuilder()
    persist = plant.persist()
    await plant.append(*(replace(chat.sent(), request_id="one") for _ in range(6)))
    await persist.step()
    assert plant.progress.records_per_second() == pytest.approx(0.1)

    plant.clock.advance(61)
    assert plant.progress.records_per_second() == 0
