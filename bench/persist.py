"""Rows per second that the persister's store writes to Cassandra, compared with a bare loop of batches of 50 rows."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from functools import partial

import psutil
from cassandra.cluster import Cluster, ResponseFuture, Session
from cassandra.query import BatchStatement, BatchType

from bench.records import Records, people
from bench.report import Row, Section, compare, spread
from bench.rest import cpu_seconds
from bench.scale import Scale
from bench.sides.side import Result
from bench.sides.stage import Stage
from history.cassandra.message_rows import message_statements
from history.chat_id import ChatId
from history.codec import decode_record
from history.fold import apply_to_message
from history.open import cassandra_history, cassandra_schema
from kernel.cassandra.session import CassandraSession, Statement
from kernel.log.ports import LogRecord
from tests.engines.cassandra import fresh_cassandra

_BATCHES = 6
_BATCH_SIZE = 500
_ROWS = 50
_IN_FLIGHT = 10
_COUNTS = [
    f"SELECT count(*) FROM {table}"  # noqa: S608 - of these tables
    for table in ("messages", "events", "sends", "chats", "chats_by_user")
]
_CHATS = {"10 chats": 10, "500 chats": 500, "a new chat for each message": 30_000}
_GOALS = {"10 chats": 0.6, "500 chats": 0.4}
_PERSISTER = "Chatly's persister"


async def measure(stage: Stage, scale: Scale) -> Section:
    """One round writes 3,000 messages to each side, for each number of chats."""
    points, keyspace = stage.engines().cassandra, stage.engines().fresh_name("persist")
    async with fresh_cassandra(points, keyspace, cassandra_schema()) as session:
        server = psutil.Process(stage.engines().pids["cassandra"][0])
        raw = await _rounds(session, server, points, keyspace, scale.rounds)
    rows = [row for name in _CHATS for row in _table(name, [result for result in raw if result["chats"] == name])]
    return Section(f"Persister: batches of {_BATCH_SIZE} messages to Cassandra", rows, raw)


async def _rounds(
    session: CassandraSession, server: psutil.Process, points: str, keyspace: str, rounds: int
) -> list[Result]:
    records = Records()
    chats = {name: [people() for _ in range(number)] for name, number in _CHATS.items()}
    raw = []
    host, _, port = points.partition(":")
    with Cluster([host], port=int(port)) as cluster:
        bare = await asyncio.to_thread(cluster.connect, keyspace)
        # The first round warms both sides up.
        for number in range(rounds + 1):
            for name, members in chats.items():
                found = [await _bare(bare, members), await _persister(session, server, records, members)]
                # Sort so that the chat that waited longest comes next.
                turned = _BATCHES * _BATCH_SIZE % len(members)
                members[:] = members[turned:] + members[:turned]
                raw += [{**result, "chats": name} for result in found] if number else []
    return raw


async def _bare(session: Session, chats: list[ChatId]) -> Result:
    """Write as many rows as there are messages, like those of messages; each batch in one partition."""
    batches = [
        [_row(record) for record in batch]
        for chat_id in chats[:1] * (_BATCHES * _BATCH_SIZE // _ROWS)
        for batch in Records().batches([chat_id], number=1, size=_ROWS)
    ]
    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.to_thread(_write, session, batches)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    rows = len(batches) * _ROWS
    return {"side": "bare loop", "rows_per_second": rows / seconds, "cpu_us_per_row": cpu / rows * 1e6}


def _row(record: LogRecord) -> Statement:
    state = apply_to_message(None, decode_record(record).event)
    (statement,) = message_statements(state, log_offset=record.position.offset, reacted=False)
    return statement


def _write(session: Session, batches: Sequence[Sequence[Statement]]) -> None:
    prepared = session.prepare(batches[0][0][0])
    waiting: deque[ResponseFuture] = deque()
    for statements in batches:
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for _, values in statements:
            batch.add(prepared, values)
        waiting.append(session.execute_async(batch))
        if len(waiting) == _IN_FLIGHT:
            waiting.popleft().result()
    for future in waiting:
        future.result()


async def _persister(
    session: CassandraSession, server: psutil.Process, records: Records, chats: list[ChatId]
) -> Result:
    writer = cassandra_history(session).writer
    batches = list(records.batches(chats, number=_BATCHES, size=_BATCH_SIZE))
    before = await _count(session)
    servers_cpu = cpu_seconds(server)
    cpu, began = time.process_time(), time.perf_counter()
    for batch in batches:
        await writer.apply(batch)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    servers_cpu = cpu_seconds(server) - servers_cpu
    # Changed rows count too: one for each chat of a batch, and one for its sender.
    rows = await _count(session) - before
    messages = _BATCHES * _BATCH_SIZE
    return {
        "side": _PERSISTER,
        "rows_per_second": rows / seconds,
        "messages_per_second": messages / seconds,
        "cpu_us_per_row": cpu / rows * 1e6,
        "cpu_us_per_message": cpu / messages * 1e6,
        "cassandra_us_per_message": servers_cpu / messages * 1e6,
        "rows_per_message": rows / messages,
    }


async def _count(session: CassandraSession) -> int:
    counts = await asyncio.gather(*(session.execute(query) for query in _COUNTS))
    return sum(int(rows[0]["count"]) for rows in counts)


def _table(name: str, raw: Sequence[Result]) -> list[Row]:
    only = partial(spread, [result for result in raw if result["side"] == _PERSISTER], _PERSISTER)
    goal = f"at least ×{_GOALS[name]}" if name in _GOALS else ""
    return [
        *compare(f"rows a second, {name}", raw, "rows_per_second", goal=goal),
        *compare(f"our CPU, µs per row, {name}", raw, "cpu_us_per_row"),
        Row.of(f"messages a second, {name}", _PERSISTER, only("messages_per_second")),
        Row.of(f"our CPU, µs per message, {name}", _PERSISTER, only("cpu_us_per_message")),
        Row.of(f"Cassandra's CPU, µs per message, {name}", _PERSISTER, only("cassandra_us_per_message")),
    ]
