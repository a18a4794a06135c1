"""The Cassandra client against a real server: connecting, migrating, querying, and an unreachable server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kernel.cassandra.schema import Schema
from kernel.cassandra.session import UNSET, CassandraSession, open_cassandra
from kernel.errors import ChatlyError, KernelReason
from tests.engines.cassandra import cassandra_settings, fresh_cassandra
from tests.waiting import eventually

pytestmark = pytest.mark.engines("cassandra")

FIRST = "CREATE TABLE IF NOT EXISTS things (a int, b int, words text, PRIMARY KEY (a, b));\n"
SECOND = "ALTER TABLE things ADD IF NOT EXISTS more text;\n"
OLD, NEW = Schema("tests", (FIRST,)), Schema("tests", (FIRST, SECOND))
INSERT = "INSERT INTO things (a, b, words) VALUES (?, ?, ?)"


@pytest.fixture
async def session(cassandra_contact_points: str, fresh_name: str) -> AsyncIterator[CassandraSession]:
    async with fresh_cassandra(cassandra_contact_points, fresh_name, NEW) as opened:
        yield opened


async def test_rows_are_read_in_pages_or_all_at_once(session: CassandraSession) -> None:
    await session.batch([(INSERT, (1, number, "x")) for number in range(30)])

    rows = await session.execute("SELECT b FROM things WHERE a = ?", (1,), page_size=7)
    streamed = [row["b"] async for row in session.stream("SELECT b FROM things WHERE a = ?", (1,), page_size=7)]

    assert [row["b"] for row in rows] == streamed == list(range(30))


async def test_values_are_bound_by_position_or_name_and_may_be_unset(session: CassandraSession) -> None:
    await session.execute(INSERT, (1, 1, "kept"))
    await session.execute(
        "INSERT INTO things (a, b, words, more) VALUES (:a, :b, :w, :m)", {"a": 1, "b": 1, "w": UNSET, "m": "new"}
    )

    assert await session.execute("SELECT words, more FROM things WHERE a = ? AND b = ?", (1, 1)) == [
        {"words": "kept", "more": "new"}
    ]


async def test_of_many_inserts_of_a_unique_value_one_succeeds(session: CassandraSession) -> None:
    answers = await asyncio.gather(*(session.execute(f"{INSERT} IF NOT EXISTS", (1, 1, str(n))) for n in range(20)))

    assert sum(rows[0]["[applied]"] for rows in answers) == 1


async def test_a_bug_is_not_reported_as_an_unreachable_store(session: CassandraSession) -> None:
    with pytest.raises(Exception, match="nowhere") as raised:
        await session.execute("SELECT a FROM nowhere")

    assert not isinstance(raised.value, ChatlyError)


async def test_many_nodes_that_start_at_once_create_one_schema(cassandra_contact_points: str, fresh_name: str) -> None:
    async def node() -> str | None:
        async with open_cassandra(cassandra_settings(cassandra_contact_points, fresh_name), NEW) as opened:
            await opened.ready()
            await opened.execute("INSERT INTO things (a, b, more) VALUES (?, ?, ?)", (1, 1, "x"))
            return await opened.health()

    async with fresh_cassandra(cassandra_contact_points, fresh_name, OLD) as watching:
        assert await asyncio.gather(*(node() for _ in range(5))) == [None] * 5
        rows = await watching.execute("SELECT version, holder FROM schema_versions WHERE owner = ?", ("tests",))

    assert rows == [{"version": 2, "holder": None}]


async def test_a_program_older_than_the_schema_refuses_to_start(
    cassandra_contact_points: str, fresh_name: str, session: CassandraSession
) -> None:
    async with open_cassandra(cassandra_settings(cassandra_contact_points, fresh_name), OLD) as older:
        await eventually(lambda: says(older, "schema version 2, this program knows 1: use a newer program"))

        with pytest.raises(ChatlyError) as raised:
            await older.execute("SELECT a FROM things")

    assert raised.value.reason == KernelReason.STORE_UNAVAILABLE


async def test_without_a_server_calls_fail_at_once_and_name_it(unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    async with open_cassandra(cassandra_settings(address, "nowhere")) as session:
        await eventually(lambda: says(session, "Connection refused"))

        with pytest.raises(ChatlyError) as raised:
            await session.execute("SELECT a FROM things")

    assert raised.value.reason == KernelReason.STORE_UNAVAILABLE
    assert raised.value.retry_after
    assert address in raised.value.message


async def says(session: CassandraSession, what: str) -> bool:
    return what in (await session.health() or "")
