"""Old records leave the embedded log: only if they are stored, and never all at once because of a wrong clock."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel.sqlite.log import open_sqlite_log
from mesh.log_state import log_faults
from services.persister.prune_log import PruneLog
from tests.fakes import FakeClock
from tests.unit.history.builders import ANN_AND_BOB
from tests.unit.log.harness import Mesh, Run

RETENTION = timedelta(days=30)
DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def mesh(tmp_path: Path) -> Mesh:
    return Mesh(tmp_path)


def pruning(run: Run, *followers: str) -> PruneLog:
    return PruneLog(
        records=run.raw,
        stored=run.store.events,
        ordinals=lambda: run.log.ordinals,
        clock=run.clock,
        retention=RETENTION,
        followers=followers,
    )


async def offsets(run: Run) -> list[int]:
    """Return the offsets that the log has of the chat."""
    partition = (await run.raw.append(ANN_AND_BOB, b"")).partition
    return [record.position.offset for record in await run.raw.read(partition, after=-1, limit=9_999)][:-1]


async def pass_days(run: Run, prune: PruneLog, days: float) -> None:
    """Let time pass while the pruning runs."""
    await prune()
    run.clock.advance(days * DAY)
    await prune()


async def test_stored_records_leave_after_the_retention_time_and_the_last_one_stays(mesh: Mesh) -> None:
    async with mesh.run() as run:
        await run.send(250, [])
        await run.persist()
        prune = pruning(run)

        await pass_days(run, prune, 29.9)
        assert (await run.raw.first_times()).keys() != set()
        before = await run.raw.begins()
        await pass_days(run, prune, 0.2)

        assert set(before.values()) == {0}
        (begin,) = [begin for begin in (await run.raw.begins()).values() if begin]
        assert begin == 249
        # The next offset is one more, also after a restart.
    async with mesh.run() as run:
        assert (await run.log.append(ANN_AND_BOB, b"")).offset == 250


async def test_records_that_are_not_stored_stay_however_old_they_are(mesh: Mesh) -> None:
    async with mesh.run() as run:
        await run.send(3, [])
        await run.persist()
        await run.send(4, [])

        await pass_days(run, pruning(run), 400)

        assert await offsets(run) == [3, 4, 5, 6]


async def test_a_follower_that_is_behind_delays_the_removal_by_one_retention_time_at_most(mesh: Mesh) -> None:
    async with mesh.run() as run:
        (position, *_) = await run.send(5, [])
        await run.persist()
        prune = pruning(run, "media")
        await run.raw.commit("media", {position.partition: 1})

        await pass_days(run, prune, 31)
        waiting = (await run.raw.begins())[position.partition]
        await pass_days(run, prune, 30)

        assert waiting == 2
        assert await offsets(run) == [4]


async def test_a_clock_a_year_ahead_removes_little_until_it_is_noticed(mesh: Mesh) -> None:
    async with mesh.run() as run:
        for _ in range(30):
            await run.send(1, [])
            run.clock.advance(DAY)
        await run.persist()
        prune = pruning(run)
        await prune()

        right = run.clock.now()
        run.clock.set(right + timedelta(days=365))
        for _ in range(60):  # an hour of work
            await prune()
            run.clock.advance(60)
        run.clock.set(right + timedelta(hours=1))
        await prune()

        assert len(await offsets(run)) >= 27


async def test_records_from_the_future_are_kept_for_one_retention_time_after_the_clock_is_right(mesh: Mesh) -> None:
    async with mesh.run() as run:
        right = run.clock.now()
        run.clock.set(right + timedelta(days=365))
        await run.send(3, [])
        run.clock.set(right)
        await run.send(1, [])
        await run.persist()
        prune = pruning(run)

        await pass_days(run, prune, 31)

        assert await offsets(run) == [3]


async def test_removed_text_is_not_in_the_files_of_the_log(mesh: Mesh) -> None:
    async with mesh.run() as run:
        texts: Sequence[str] = [f"the secret {number} " * 400 for number in range(5)]
        for text in texts:
            await run.raw.append(ANN_AND_BOB, text.encode())
        await run.raw.append(ANN_AND_BOB, b"what stays")
        await run.persist()
        assert b"the secret" in files_of(mesh)

        await pass_days(run, pruning(run), 31)

        assert b"what stays" in files_of(mesh)
        assert b"the secret" not in files_of(mesh)


async def test_records_from_before_their_times_were_stored_count_from_the_migration(mesh: Mesh) -> None:
    with closing(sqlite3.connect(mesh.folder / "log.db")) as old, old:
        old.executescript(OLD_LOG)

    async with mesh.run() as run:
        await run.persist()
        (since,) = set((await run.raw.first_times()).values())
        for partition in await run.raw.ends():
            assert await run.raw.remove(partition, before=since, through=9, now=since, limit=9) == 0
            assert await run.raw.remove(partition, before=since + 1, through=9, now=since, limit=9) <= 2
        assert sorted((await run.raw.begins()).values()) == [0, 0, 0, 2]


async def test_the_time_of_a_record_is_read_back(mesh: Mesh) -> None:
    async with open_sqlite_log(mesh.folder / "log.db", clock=mesh.clock) as log:
        position = await log.append("chat", b"")
        (record,) = await log.read(position.partition, after=-1, limit=9)

    assert record.appended_at == mesh.clock.now().timestamp()


async def test_doctor_warns_of_records_that_wait_too_long_to_be_stored(tmp_path: Path) -> None:
    mesh = Mesh(tmp_path, clock=FakeClock(datetime.now(UTC) - timedelta(days=11)))
    environ = {"CHATLY_DATA_DIR": str(tmp_path)}
    async with mesh.run() as run:
        await run.send(1, [])
        await run.persist()
        await run.send(1, [])
    late = await log_faults(environ)
    unlimited = await log_faults({**environ, "CHATLY_LOG_RETENTION_DAYS": "0"})
    async with mesh.run() as run:
        await run.persist()

    assert [fault.detail.partition(";")[0] for fault in late or []] == [
        "the oldest record that is not stored is 11.0 days old"
    ]
    assert unlimited == await log_faults(environ) == []


def files_of(mesh: Mesh) -> bytes:
    return b"".join(path.read_bytes() for path in mesh.folder.glob("log.db*"))


OLD_LOG = """
    CREATE TABLE facts (log_id TEXT NOT NULL, partitions INTEGER NOT NULL);
    CREATE TABLE records (
        log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (log_partition, log_offset)
    );
    CREATE TABLE committed (
        group_name TEXT NOT NULL, log_partition INTEGER NOT NULL, log_offset INTEGER NOT NULL,
        PRIMARY KEY (group_name, log_partition)
    ) WITHOUT ROWID;
    INSERT INTO facts VALUES ('old log', 4);
    INSERT INTO records VALUES (1, 0, 'chat', x''), (1, 1, 'chat', x''), (1, 2, 'chat', x'');
    PRAGMA user_version = 1;
"""
"""log.db as the version before this one left it."""
