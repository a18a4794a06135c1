"""The contract of LogConsumer, for every adapter."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.ports import LogConsumer, LogRecord
from tests.contract.log.conftest import Log, OpenLog


async def fetched(consumer: LogConsumer, count: int) -> list[LogRecord]:
    """Fetch until there are enough records."""
    found: list[LogRecord] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += await consumer.fetch(max_records=count - len(found), wait=1)
    return found


def ends_of(records: Sequence[LogRecord]) -> Mapping[int, int]:
    return {record.position.partition: record.position.offset for record in records}


async def append(log: Log, *keys: str) -> None:
    for key in keys:
        await log.append(key, key.encode())


async def test_a_group_gets_every_record_in_order_within_its_partition(log: Log) -> None:
    await append(log, *(f"chat {number % 10}" for number in range(50)))

    async with log.consumer("group") as consumer:
        records = await fetched(consumer, 50)
        nothing_more = await consumer.fetch(max_records=9, wait=0)

    for partition in await log.ends():
        offsets = [record.position.offset for record in records if record.position.partition == partition]
        assert offsets == list(range(len(offsets)))
    assert list(nothing_more) == []


async def test_a_fetch_returns_at_most_the_requested_number(log: Log) -> None:
    await append(log, *(f"chat {number}" for number in range(20)))

    async with log.consumer("group") as consumer:
        assert 1 <= len(await consumer.fetch(max_records=7, wait=10)) <= 7


async def test_a_waiting_consumer_gets_a_new_record(log: Log) -> None:
    async with log.consumer("group") as consumer:
        fetching = asyncio.create_task(consumer.fetch(max_records=9, wait=30))
        await asyncio.sleep(0)
        await append(log, "chat")

        assert [record.value for record in await asyncio.wait_for(fetching, 5)] == [b"chat"]


async def test_the_next_member_starts_after_the_committed_offset(log: Log) -> None:
    await append(log, "chat", "chat", "chat")
    async with log.consumer("group") as consumer:
        records = await fetched(consumer, 3)
        await consumer.commit(ends_of(records[:2]))

    async with log.consumer("group") as consumer:
        assert [record.position for record in await fetched(consumer, 1)] == [records[2].position]


async def test_uncommitted_records_are_read_again(log: Log) -> None:
    await append(log, "chat", "chat")
    async with log.consumer("group") as consumer:
        first = await fetched(consumer, 2)

    async with log.consumer("group") as consumer:
        assert await fetched(consumer, 2) == first


async def test_groups_are_independent(log: Log) -> None:
    await append(log, "chat")
    async with log.consumer("one") as one, log.consumer("other") as other:
        records = await fetched(one, 1)
        await one.commit(ends_of(records))

        assert await fetched(other, 1) == records


async def test_lag_is_the_number_of_uncommitted_records(log: Log) -> None:
    await append(log, "chat", "chat", "chat")
    async with log.consumer("group") as consumer:
        records = await fetched(consumer, 3)
        assert sum((await consumer.lag()).values()) == 3

        await consumer.commit(ends_of(records[:1]))
        assert sum((await consumer.lag()).values()) == 2
        assert set(await consumer.lag()) == set(await log.ends())


async def test_lag_is_known_after_a_rewind(log: Log) -> None:
    await append(log, "chat", "chat")
    async with log.consumer("group") as consumer:
        await fetched(consumer, 2)
        await consumer.rewind()

        assert sum((await consumer.lag()).values()) == 2


async def test_an_older_commit_does_not_move_the_group_back(log: Log) -> None:
    await append(log, "chat", "chat")
    async with log.consumer("group") as consumer:
        records = await fetched(consumer, 2)
        await consumer.commit(ends_of(records))
        await consumer.commit(ends_of(records[:1]))

        assert sum((await consumer.lag()).values()) == 0


async def test_a_member_may_start_elsewhere_than_at_the_committed_offset(log: Log) -> None:
    positions = [await log.append("chat", value) for value in (b"0", b"1", b"2")]

    asked: list[int] = []

    async def stored(partitions: Collection[int]) -> Mapping[int, int]:
        asked.extend(partitions)
        return {positions[0].partition: 0}

    async with log.consumer("group") as consumer:
        await consumer.commit(ends_of(await fetched(consumer, 3)))
    async with log.consumer("group", resume=stored) as consumer:
        assert [record.value for record in await fetched(consumer, 2)] == [b"1", b"2"]
    assert sorted(asked) == sorted(await log.ends())


async def test_a_member_without_a_start_offset_reads_nothing(log: Log) -> None:
    await append(log, "chat")
    answers = [unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unreachable"), None]

    async def stored(_: Collection[int]) -> Mapping[int, int]:
        if answer := answers.pop(0):
            raise answer
        return {}

    async with log.consumer("group", resume=stored) as consumer:
        with pytest.raises(ChatlyError, match="the store is unreachable"):
            await fetched(consumer, 1)
        assert [record.key for record in await fetched(consumer, 1)] == ["chat"]


async def test_after_a_rewind_uncommitted_records_are_read_again(log: Log) -> None:
    await append(log, "chat", "chat", "chat")
    async with log.consumer("group") as consumer:
        records = await fetched(consumer, 3)
        await consumer.commit(ends_of(records[:1]))

        await consumer.rewind()

        assert await fetched(consumer, 2) == records[1:]


async def test_after_a_rewind_the_start_offset_is_determined_again(log: Log) -> None:
    await append(log, "chat", "chat", "chat")
    stored: dict[int, int] = {}

    async def resume(_: Collection[int]) -> Mapping[int, int]:
        return stored

    async with log.consumer("group", resume=resume) as consumer:
        records = await fetched(consumer, 3)
        stored.update(ends_of(records[:2]))

        await consumer.rewind()

        assert await fetched(consumer, 1) == records[2:]


async def test_no_two_members_of_a_group_get_the_same_record(open_log: OpenLog) -> None:
    async with open_log() as log, open_log() as elsewhere, elsewhere.consumer("group") as standby:
        async with log.consumer("group") as active:
            await append(log, *(f"chat {number}" for number in range(20)))
            taken = [*await fetched(active, 10), *await standby.fetch(max_records=99, wait=0)]
            taken += [*await fetched(active, 20 - len(taken)), *await standby.fetch(max_records=99, wait=0)]
            await active.commit(ends_of(sorted(taken, key=lambda record: record.position.offset)))
        await append(log, "one more")

        assert len({record.position for record in taken}) == len(taken) == 20
        assert [record.key for record in await fetched(standby, 1)] == ["one more"]
