"""Messages that are acknowledged after the log was lost or cut are kept: all of them, in order, once."""

import asyncio
import math
import sqlite3
from pathlib import Path

import pytest

from history.sqlite.schema import SCHEMA
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import TailRenewal, refill
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.epochs import EpochCause, epoch_of
from kernel.sqlite.database import migrate
from tests.unit.history.builders import ANN_AND_BOB
from tests.unit.log.harness import Mesh, encoded_send


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return Mesh(tmp_path)


async def test_a_lost_log_begins_an_epoch_and_hides_nothing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(5, texts)
        await run.persist()
    mesh.lose_log()

    async with mesh.run() as run:
        assert run.log.ordinals.epochs[-1].cause is EpochCause.OTHER_LOG
        positions = await run.send(5, texts)
        await run.persist()

        assert [epoch_of(position.offset) for position in positions] == [1] * 5
        assert await run.kept() == texts


async def test_the_stored_offset_is_that_of_the_present_log(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        (*_, last) = await run.send(5, texts)
        assert await run.log.stored_offsets() == {}
        await run.persist()
        assert await run.log.stored_offsets() == {last.partition: 4}
    mesh.lose_log()

    async with mesh.run() as run:
        await run.send(2, texts)
        assert await run.log.stored_offsets() == {last.partition: -1}
        await run.persist()
        assert await run.log.stored_offsets() == {last.partition: 1}


async def test_a_log_that_was_lost_again_and_again_begins_an_epoch_each_time(mesh: Mesh) -> None:
    texts: list[str] = []
    for number in range(4):
        async with mesh.run() as run:
            await run.send(3, texts)
            await run.persist()
            assert run.log.ordinals.number == number
            assert await run.kept() == texts
        mesh.lose_log()


async def test_an_older_copy_of_the_log_hides_nothing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(3, texts)
    mesh.copy_log()
    async with mesh.run() as run:
        await run.send(5, texts)
        await run.persist()
    mesh.restore_log()

    async with mesh.run() as run:
        epoch = run.log.ordinals.epochs[-1]
        assert (epoch.cause, list(epoch.starts.values())) == (EpochCause.SHORTER_LOG, [3])
        await run.send(7, texts)
        await run.persist()

        assert await run.kept() == texts


async def test_an_older_copy_that_grew_past_the_store_is_recognized_by_its_records(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(3, texts)
        await run.persist()
    mesh.copy_log()
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
    mesh.restore_log()
    async with mesh.run() as run:
        chat = run.chat
        # Another program, which knows no epochs, appends more than the store has.
        for _ in range(4):
            texts.append(f"message {len(texts) + 1}")
            await run.raw.append(ANN_AND_BOB, encoded_send(chat, texts[-1]))
    async with mesh.run() as run:
        await run.send(1, texts)
        await run.persist()

        assert await run.kept() == texts


async def test_a_log_that_lost_its_last_records_hides_nothing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(8, texts)
        await run.persist()
    mesh.cut_log(5)

    async with mesh.run() as run:
        await run.send(7, texts)
        await run.persist()

        assert run.log.ordinals.number == 1
        assert await run.kept() == texts


async def test_a_log_cut_twice_at_the_same_record_hides_nothing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(8, texts)
        await run.persist()
    for number in (1, 2, 3):
        mesh.cut_log(2)
        async with mesh.run() as run:
            assert run.log.ordinals.number == number
            await run.send(2, texts)
            await run.persist()
            assert await run.kept() == texts


async def test_a_running_sender_notices_that_the_log_was_cut(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(8, texts)
        await run.persist()
        mesh.cut_log(5)
        # No check runs before the log has grown past what is stored.
        await run.send(7, texts)
        await run.persist()

        assert run.log.ordinals.number == 1
        assert await run.kept() == texts


async def test_the_persister_takes_over_the_epoch_that_another_node_began(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run, run.another_node() as sender:
        await sender.send(8, texts)
        await run.persist()
        mesh.cut_log(5)
        await sender.send(7, texts)

        # Its own comparison with the log is not due yet.
        run.consumer._check_at = math.inf  # type: ignore[attr-defined]
        await run.persist()

        assert run.log.ordinals.number == 1
        assert await run.kept() == texts


async def test_records_are_read_again_if_the_store_fails_while_they_are_compared(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(4, texts)

        async def fail() -> None:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")

        with monkeypatch.context() as patched:
            patched.setattr(run.log, "refresh", fail)
            with pytest.raises(ChatlyError):
                await run.persist()
        await run.persist()

        assert await run.kept() == texts


async def test_concurrent_sends_to_a_cut_log_share_one_epoch(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(8, texts)
        await run.persist()
        mesh.cut_log(5)
        before = len(texts)
        await asyncio.gather(*(run.send(1, texts) for _ in range(20)))
        await run.persist()

        assert run.log.ordinals.number == 1
        kept = await run.kept()
        assert kept[:before] == texts[:before]
        assert sorted(kept) == sorted(texts)


async def test_records_that_were_cut_before_they_were_stored_begin_an_epoch_in_the_running_sender(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(3, texts)
        await run.persist()
        await run.send(5, texts)
        mesh.cut_log(5)
        del texts[3:]
        await run.send(4, texts)
        await run.persist()

        assert run.log.ordinals.number == 1
        kept = await run.kept()
        assert len(kept) == 7


async def test_removed_records_that_were_not_stored_stop_the_persister_until_they_are_given_up(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(6, texts)
    mesh.remove_first(5)

    async with mesh.run() as run:
        with pytest.raises(ChatlyError, match=r"3 records of partition .* `chatly log adopt`"):
            await run.persist()
        assert await run.kept() == texts[:2]

        await run.adopt()
        await run.persist()

        assert await run.kept() == texts[:2] + texts[5:]
        await run.send(2, texts)
        await run.persist()
        assert await run.kept() == texts[:2] + texts[5:]
    async with mesh.run() as run:
        assert not [epoch for epoch in run.log.ordinals.epochs if not epoch.adopted]


async def test_records_removed_under_a_slow_persister_are_noticed(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(6, texts)
        mesh.remove_first(5)

        with pytest.raises(ChatlyError, match="3 records of partition"):
            await run.persist()


async def test_removed_records_that_are_stored_are_no_gap(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(5, texts)
        await run.persist()
        await run.send(1, texts)
    mesh.remove_first(5)

    async with mesh.run() as run:
        await run.persist()
        assert await run.kept() == texts
        assert run.log.ordinals.number == 0


async def test_the_first_start_after_an_update_gives_existing_data_the_first_epoch(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(3, texts)
        await run.persist()
        await run.send(2, texts)
    mesh.forget_epochs()

    async with mesh.run() as run:
        (epoch,) = run.log.ordinals.epochs
        assert (epoch.number, epoch.identity, epoch.adopted) == (0, await run.raw.log_id(), True)
        await run.persist()
        assert await run.kept() == texts


async def test_the_hot_tail_after_a_lost_log_has_only_the_new_events(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(5, texts)
        await run.persist()
    mesh.lose_log()

    async with mesh.run() as run:
        await run.send(2, texts)
        tail = MemoryHotTail()
        await refill(tail=tail, log=run.log, events=run.store.events)
        events = (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]
        assert [epoch_of(event.position.offset) for event in events] == [1, 1]

        await run.persist()
        await tail.trim(await run.store.events.stored())
        assert not await tail.events([ANN_AND_BOB])


async def test_the_hot_tail_drops_what_the_lost_log_alone_had(mesh: Mesh) -> None:
    texts: list[str] = []
    tail = MemoryHotTail()
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(3, texts)
        await refill(tail=tail, log=run.log, events=run.store.events)
    mesh.lose_log()

    async with mesh.run() as run:
        await run.send(1, texts)
        # Of a tail that all nodes share, and that outlives them.
        await TailRenewal(tail=tail, log=run.log, events=run.store.events).step()

        events = (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]
        assert [event.event.change.text for event in events] == texts[-1:]  # type: ignore[union-attr]


async def test_a_running_node_renews_its_tail_when_the_log_was_cut(mesh: Mesh) -> None:
    texts: list[str] = []
    tail = MemoryHotTail()
    async with mesh.run() as run:
        await run.send(4, texts)
        await run.persist()
        renewal = TailRenewal(tail=tail, log=run.log, events=run.store.events)
        await renewal.step()
        mesh.cut_log(2)
        await run.send(3, texts)

        await renewal.step()

        events = (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]
        assert [event.event.change.text for event in events] == texts[-3:]  # type: ignore[union-attr]


async def test_a_cursor_from_before_resumes_without_a_gap(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(4, texts)
        await run.persist()
        identity, cursor = run.log.identity, await run.store.events.stored()
        await run.send(1, texts)
        await run.persist()
    mesh.lose_log()

    async with mesh.run() as run:
        await run.send(3, texts)
        await run.persist()

        assert await run.log.knows(identity, cursor)
        (after,) = cursor.values()
        missed = await run.store.events.events_after(ANN_AND_BOB, after, 99)
        assert [event.event.change.text for event in missed] == texts[4:]  # type: ignore[union-attr]


async def test_a_cursor_of_another_store_is_unknown(mesh: Mesh, tmp_path: Path) -> None:
    async with mesh.run() as run:
        assert not await run.log.knows("elsewhere", {})
        assert not await run.log.knows(run.log.identity, {0: (7 << 40) + 1})


async def test_the_detail_counts_what_is_missing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(4, texts)
        await run.persist()
        await run.send(2, texts)
        await run.log.save_ends()
    mesh.lose_log()

    async with mesh.run() as run:
        assert "at least 2 were not stored" in run.log.ordinals.epochs[-1].detail


async def test_a_history_of_an_earlier_version_is_migrated(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    migrate(connection, SCHEMA[:1])
    connection.execute("INSERT INTO stored_offsets (log_partition, log_offset) VALUES (0, 7)")
    connection.close()

    async with Mesh(tmp_path).run() as run:
        # The log is empty, and shorter than what is stored.
        assert run.log.ordinals.epochs[-1].cause is EpochCause.SHORTER_LOG
