"""The persist loop: storing, publishing, committing, and retries during outages."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from history.model import LogEvent, MessageWithdrawn
from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.log.ports import LogRecord
from tests.fakes import MemoryConsumer
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder
from tests.unit.persister.harness import GROUP, LINGER_SECONDS, Persister
from tests.waiting import eventually


async def test_a_stored_event_is_published_before_its_watermark(persister: Persister) -> None:
    await persister.subscribe()
    sent = ChatBuilder().sent()
    position = await persister.append(sent)

    await persister.persist().step()

    assert await persister.received() == [LogEvent(position, sent), {position.partition: position.offset}]


async def test_offsets_are_committed_when_the_log_is_idle(persister: Persister) -> None:
    position = await persister.append(ChatBuilder().sent())
    persist = persister.persist()

    await persist.step()
    assert persister.log.committed(GROUP, position.partition) == -1
    await persist.step()
    assert persister.log.committed(GROUP, position.partition) == position.offset


async def test_offsets_are_committed_under_load_after_the_interval(persister: Persister) -> None:
    chat = ChatBuilder()
    persist = persister.persist(commit_seconds=1.0)
    position = await persister.append(chat.sent())
    persister.clock.advance(1.0)

    await persist.step()

    assert persister.log.committed(GROUP, position.partition) == position.offset


async def test_during_a_store_outage_retries_slow_down_and_nothing_is_committed(persister: Persister) -> None:
    position = await persister.append(ChatBuilder().sent())
    persister.writer.failures = 8

    await persister.persist().step()

    assert persister.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert await persister.seqs() == [1]
    assert persister.log.committed(GROUP, position.partition) == -1


async def test_the_loop_pauses_after_a_batch_that_was_not_full(persister: Persister) -> None:
    chat = ChatBuilder()
    last = await persister.append(*(chat.sent() for _ in range(13)))

    running = asyncio.create_task(persister.persist().run())
    await eventually(lambda: persister.log.committed(GROUP, last.partition) == last.offset)
    running.cancel()

    assert persister.pauses == [LINGER_SECONDS]


async def test_the_newest_failure_is_kept_after_a_success(persister: Persister) -> None:
    await persister.append(ChatBuilder().sent())
    persister.writer.failures = 1

    await persister.persist().step()

    assert persister.progress.last_failure is not None
    assert persister.progress.last_failure.message == "the store is unavailable"
    assert persister.progress.failing is False


async def test_records_that_another_persister_stored_during_the_retry_are_not_stored_again(
    persister: Persister,
) -> None:
    await persister.append(ChatBuilder().sent())
    persister.writer.failures = 1
    persist = persister.persist()

    async def another_persister_stores(_: float) -> None:
        await persister.persist().step()

    persist._pause = another_persister_stores
    await persist.step()

    assert await persister.seqs() == [1]
    assert persister.writer.applied == 1


async def test_an_error_that_is_not_temporary_ends_the_loop(persister: Persister) -> None:
    class Broken(MemoryConsumer):
        async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
            raise ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, "a bug")

    with pytest.raises(ChatlyError, match="a bug"):
        await persister.persist(consumer=Broken(persister.log, GROUP)).run()


async def test_an_unavailable_log_is_retried(persister: Persister) -> None:
    class FailingTwice(MemoryConsumer):
        failures = 2

        async def fetch(self, *, max_records: int, wait: float) -> Sequence[LogRecord]:
            if self.failures:
                self.failures -= 1
                raise unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unavailable")
            return await super().fetch(max_records=max_records, wait=wait)

    await persister.append(ChatBuilder().sent())

    await persister.persist(consumer=FailingTwice(persister.log, GROUP)).step()

    assert persister.pauses == [0.1, 0.2]
    assert await persister.seqs() == [1]


async def test_an_idle_log_after_an_outage_is_healthy(persister: Persister) -> None:
    persister.progress.failed("LOG_UNAVAILABLE", "the log is unavailable")
    assert persister.progress.failing is True

    await persister.persist().step()

    assert persister.progress.failing is False


async def test_a_restart_after_a_crash_before_the_commit_stores_nothing_twice(persister: Persister) -> None:
    chat = ChatBuilder()
    await persister.append(chat.sent(), chat.sent())
    await persister.persist().step()

    await persister.append(chat.sent())
    restarted = persister.persist()
    await restarted.step()

    assert await persister.seqs() == [1, 2, 3]


async def test_a_store_behind_the_group_offsets_catches_up(persister: Persister) -> None:
    chat = ChatBuilder()
    position = await persister.append(*(chat.sent() for _ in range(25)))
    persister.log.commit(GROUP, {position.partition: position.offset})
    await persister.subscribe()

    running = asyncio.create_task(persister.persist().run())
    async with asyncio.timeout(10):
        while {position.partition: position.offset} not in await persister.received():
            pass
    running.cancel()

    assert await persister.seqs() == list(range(1, 26))


async def test_a_second_copy_is_withdrawn_through_the_log_once(persister: Persister) -> None:
    chat = ChatBuilder()
    kept, copy = chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))
    await persister.append(kept, copy)
    persist = persister.persist()
    await persister.subscribe()

    for _ in range(3):
        await persist.step()

    published = [item.event for item in await persister.received() if isinstance(item, LogEvent)]
    assert published[0] == kept
    assert [event.change for event in published[1:]] == [MessageWithdrawn(copy.event_id, kept.event_id)]
    assert len(persister.log.records()) == 3
    assert await persister.seqs() == [1]


async def test_a_withdrawal_is_appended_once_for_several_batches(persister: Persister) -> None:
    chat = ChatBuilder()
    copies = [chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7))]
    await persister.append(*copies, *(chat.sent() for _ in range(28)))
    persist = persister.persist()

    for _ in range(4):
        await persist.step()

    assert len(persister.log.records()) == 31
    assert await persister.seqs() == list(range(1, 30))


async def test_a_failed_append_of_a_withdrawal_is_retried(persister: Persister) -> None:
    chat = ChatBuilder()
    await persister.append(chat.sent(send=UUID(int=7)), chat.sent(send=UUID(int=7)))
    persister.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unavailable")
    persist = persister.persist()

    async def recover(seconds: float) -> None:
        persister.pauses.append(seconds)
        persister.log.unavailable = None

    persist._pause = recover
    await persist.step()

    assert persister.pauses == [0.1]
    assert len(persister.log.records()) == 3


async def test_an_unreadable_record_does_not_stop_its_partition(persister: Persister) -> None:
    chat = ChatBuilder()
    await persister.append(chat.sent())
    await persister.log.append(ANN_AND_BOB, b"\xff\xff\xff")
    await persister.append(chat.sent())

    await persister.persist().step()

    assert await persister.seqs() == [1, 2]
    assert await persister.store.dead_letters.count() == 1


async def test_the_rate_covers_the_last_minute(persister: Persister) -> None:
    chat = ChatBuilder()
    persist = persister.persist()
    await persister.append(*(replace(chat.sent(), request_id="one") for _ in range(6)))
    await persist.step()
    assert persister.progress.records_per_second() == pytest.approx(0.1)

    persister.clock.advance(61)
    assert persister.progress.records_per_second() == 0
