"""The contract of EventLog and LogReader, for every adapter."""

import asyncio

from kernel.log.ports import LogPosition, LogRecord
from tests.contract.log.conftest import Log, OpenLog


async def test_appended_records_are_read_in_order(log: Log) -> None:
    positions = [await log.append("chat", value) for value in (b"one", b"two", b"three")]

    records = await log.read(positions[0].partition, after=-1, limit=9)

    values = zip(positions, (b"one", b"two", b"three"), strict=True)
    assert list(records) == [LogRecord(position, "chat", value) for position, value in values]


async def test_a_key_stays_in_its_partition_and_offsets_grow_by_one(log: Log) -> None:
    positions = [await log.append("chat", b"") for _ in range(5)]

    assert {position.partition for position in positions} == {positions[0].partition}
    assert [position.offset for position in positions] == [0, 1, 2, 3, 4]


async def test_keys_spread_over_the_partitions(log: Log) -> None:
    partitions = {(await log.append(f"chat {number}", b"")).partition for number in range(50)}

    assert partitions == set(await log.ends())


async def test_concurrent_appends_get_different_positions(log: Log) -> None:
    positions = await asyncio.gather(*(log.append("chat", str(number).encode()) for number in range(300)))

    assert sorted(position.offset for position in positions) == list(range(300))
    records = await log.read(positions[0].partition, after=-1, limit=1_000)
    assert [int(record.value) for record in records] == sorted(range(300), key=lambda number: positions[number].offset)


async def test_a_read_starts_after_an_offset_and_ends_at_the_limit(log: Log) -> None:
    position = LogPosition(0, 0)
    for _ in range(5):
        position = await log.append("chat", b"")

    records = await log.read(position.partition, after=1, limit=2)

    assert [record.position.offset for record in records] == [2, 3]
    assert list(await log.read(position.partition, after=4, limit=2)) == []


async def test_a_waiting_reader_gets_a_new_record(log: Log) -> None:
    position = await log.append("chat", b"before")
    reading = asyncio.create_task(log.read(position.partition, after=position.offset, limit=9, wait=30))
    await asyncio.sleep(0)
    await log.append("chat", b"after")

    assert [record.value for record in await asyncio.wait_for(reading, 5)] == [b"after"]


async def test_a_reader_gets_nothing_after_its_wait(log: Log) -> None:
    assert list(await log.read(0, after=-1, limit=9, wait=0.01)) == []


async def test_ends_contain_every_partition(log: Log) -> None:
    assert set((await log.ends()).values()) == {-1}

    position = await log.append("chat", b"")
    assert (await log.ends())[position.partition] == 0


async def test_a_log_keeps_its_records_and_its_identity(open_log: OpenLog) -> None:
    async with open_log() as log:
        position = await log.append("chat", b"kept")
        identity = await log.log_id()

    async with open_log() as log:
        assert await log.log_id() == identity
        assert [record.value for record in await log.read(position.partition, after=-1, limit=9)] == [b"kept"]
        assert (await log.append("chat", b"next")).offset == position.offset + 1


async def test_records_of_another_process_are_read(open_log: OpenLog) -> None:
    async with open_log() as mine, open_log() as others:
        position = await mine.append("chat", b"mine")
        reading = asyncio.create_task(mine.read(position.partition, after=0, limit=9, wait=30))
        await others.append("chat", b"theirs")

        assert [record.value for record in await asyncio.wait_for(reading, 5)] == [b"theirs"]
