"""Small writes to several partitions share requests, within Cassandra's limits."""

import asyncio
from collections.abc import Hashable, Sequence
from uuid import UUID

from history.cassandra.access import ROWS, select_by_keys, write_all
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Params, Statement


class Recording(CassandraSession):
    """Records its requests. Keys that end in b have other replicas than the rest."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Statement]] = []
        self.asked: list[Params] = []

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        return str(key[0]).endswith("b")

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        self.asked.append(params)
        return []

    async def batch(self, statements: Sequence[Statement]) -> None:
        self.batches.append(statements)


def rows(key: str, number: int, text: str = "") -> list[Statement]:
    return [("INSERT", (key, place, text)) for place in range(number)]


def keys_of(batch: Sequence[Statement]) -> set[object]:
    return {next(iter(params)) for _, params in batch}


async def test_small_partitions_of_the_same_nodes_share_batches() -> None:
    session = Recording()
    names = [f"{number}{node}" for number in range(20) for node in "ab"]
    await write_all(session, {(name,): rows(name, 2) for name in names})

    assert sorted(len(keys_of(batch)) for batch in session.batches) == [10, 10, 10, 10]
    for batch in session.batches:
        assert len({str(key)[-1] for key in keys_of(batch)}) == 1


async def test_no_shared_batch_is_larger_than_cassandra_likes() -> None:
    session = Recording()
    await write_all(session, {(str(number),): rows(str(number), 2, "x" * 1_000) for number in range(6)})

    assert [len(keys_of(batch)) for batch in session.batches] == [2, 2, 2]


async def test_large_writes_have_separate_batches_in_order() -> None:
    session = Recording()
    await write_all(session, {("large",): rows("large", 2 * ROWS), ("wide",): rows("wide", 2, "x" * 9_000)})

    assert [len(batch) for batch in session.batches] == [ROWS, ROWS, 2]
    assert [list(params)[1] for _, params in session.batches[0]] == list(range(ROWS))


async def test_few_ids_share_a_look_up_and_many_have_their_own() -> None:
    session = Recording()
    ids = [UUID(int=number) for number in range(150)]
    wanted = {("a1", 7): ids[:1], ("a2", 7): ids[1:2], ("b", 7): ids[2:3], ("a3", 8): ids[3:4], ("a4", 7): ids}

    await select_by_keys(session, "SELECT", wanted)

    asked = {(tuple(first), second, len(some)) for first, second, some in map(list, session.asked)}
    assert asked == {
        (("a1", "a2"), 7, 2),
        (("b",), 7, 1),
        (("a3",), 8, 1),
        (("a4",), 7, 100),
        (("a4",), 7, 50),
    }


def test_nothing_is_asked_for_nothing() -> None:
    session = Recording()
    asyncio.run(write_all(session, {}))

    assert asyncio.run(select_by_keys(session, "SELECT", {})) == []
    assert session.batches == []
