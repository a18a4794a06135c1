"""After a restore of log and store, or with records that were given up, no position is given twice."""

from pathlib import Path

import pytest

from history.unstored.memory import MemoryHotTail
from history.unstored.refill import TailRenewal
from kernel.log.epochs import EpochCause
from tests.unit.history.builders import ANN_AND_BOB
from tests.unit.log.harness import Mesh


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return Mesh(tmp_path)


async def test_positions_of_lost_records_are_not_given_again_after_a_restore(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(3, texts)
    mesh.copy_everything()
    lost: list[str] = []
    async with mesh.run() as run:
        identity = run.log.identity
        before = await run.send(4, lost)
        await run.persist()
        cursor = await run.store.events.stored()
        assert await run.log.knows(identity, cursor)
    await mesh.restore_everything()

    async with mesh.run() as run:
        assert run.log.ordinals.epochs[-1].cause is EpochCause.RESTORED
        # As the log is as long as the store says, nothing else shows that this cursor is ahead.
        assert not await run.log.knows(identity, cursor)
        assert await run.log.unadopted() is None
        run.log._learn(await run.store.log.stored())
        after = await run.send(6, texts)
        await run.persist()

        assert {position.offset for position in after}.isdisjoint(position.offset for position in before)
        assert await run.kept() == texts
        assert await run.log.knows(run.log.identity, await run.store.events.stored())


async def test_the_hot_tail_keeps_restored_records_that_are_not_stored(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(3, texts)
    mesh.copy_everything()
    await mesh.restore_everything()

    async with mesh.run() as run:
        tail = MemoryHotTail()
        await TailRenewal(tail=tail, log=run.log, events=run.store.events).step()

        events = (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]
        assert [event.event.change.text for event in events] == texts[2:]  # type: ignore[union-attr]


async def test_a_log_that_is_cut_after_a_restore_hides_nothing(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(5, texts)
        await run.persist()
    mesh.copy_everything()
    await mesh.restore_everything()
    async with mesh.run() as run:
        await run.send(3, texts)
        await run.persist()
    mesh.cut_log(4)

    async with mesh.run() as run:
        assert run.log.ordinals.epochs[-1].cause is EpochCause.SHORTER_LOG
        await run.send(6, texts)
        await run.persist()

        assert await run.kept() == texts


async def test_sends_after_a_gap_have_the_ordinals_with_which_they_are_stored(mesh: Mesh) -> None:
    texts: list[str] = []
    async with mesh.run() as run:
        await run.send(2, texts)
        await run.persist()
        await run.send(4, texts)
    mesh.remove_first(5)
    async with mesh.run() as run:
        await run.adopt()

    async with mesh.run() as run:
        # As a sender does once a second.
        run.log._learn(await run.store.log.stored())
        (position,) = await run.send(1, texts)
        await run.persist()

        assert await run.store.events.stored() == {position.partition: position.offset}
