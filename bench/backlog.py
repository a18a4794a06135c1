"""Measures whether a persister's memory stays constant while it stores a long backlog, on Kafka and Cassandra."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex

import psutil

from bench.records import Records, people
from bench.report import Row, Section, spread
from bench.scale import Scale
from bench.sides.side import ROOT, Result
from bench.sides.stage import Stage
from history.cassandra.log_rows import load_offsets
from history.open import cassandra_schema
from kernel.cassandra.session import CassandraSession
from kernel.kafka.log import KafkaLog, open_kafka_log
from kernel.kafka.settings import KafkaSettings
from tests.engines.cassandra import fresh_cassandra
from tests.ports import free_ports

_SIDE = "Chatly's persister"
_RECORDS = 200_000
_CHATS = 2_000
_AT_ONCE = 2_000
_LOOK_SECONDS = 0.25
_MOST_SECONDS = 1_200
_LOOKS_UNTIL_WORD = 40


async def measure(stage: Stage, _: Scale) -> Section:
    """One backlog, whatever the number of rounds."""
    engines = stage.engines()
    environ = engines.chatly()
    topic, keyspace = environ["CHATLY_KAFKA_TOPIC"], environ["CHATLY_CASSANDRA_KEYSPACE"]
    kafka = KafkaSettings(bootstrap=(engines.kafka,), topic=topic, partitions=engines.partitions, replication=1)
    async with (
        fresh_cassandra(engines.cassandra, keyspace, cassandra_schema()) as session,
        open_kafka_log(kafka, patience=30) as log,
    ):
        await _fill(log)
        ends = await log.ends()
        async with _persister(environ) as process:
            raw = await _drain(session, process, sum(ends.values()) + len(ends))
    return Section(f"A backlog of {_RECORDS:,} messages in {_CHATS:,} chats", _rows(raw), [raw])


async def _fill(log: KafkaLog) -> None:
    records = Records()
    chats = [people() for _ in range(_CHATS)]
    for batch in records.batches(chats, number=_RECORDS // _AT_ONCE, size=_AT_ONCE):
        await asyncio.gather(*(log.append(record.key, record.value) for record in batch))


async def _drain(session: CassandraSession, process: psutil.Process, all_of_it: int) -> Result:
    began, cpu = time.monotonic(), 0.0
    seen: list[tuple[int, float]] = []
    stored = 0
    while stored < all_of_it:
        await asyncio.sleep(_LOOK_SECONDS)
        stored = sum(offset + 1 for offset in (await load_offsets(session)).values())
        seen.append((stored, process.memory_info().rss / 2**20))
        times = process.cpu_times()
        cpu = times.user + times.system
        if len(seen) % _LOOKS_UNTIL_WORD == 0:
            print(f"  {stored:,} of {all_of_it:,} stored", flush=True)
        if time.monotonic() - began > _MOST_SECONDS:
            raise TimeoutError(f"{stored} of {all_of_it} stored after {_MOST_SECONDS} s")
    first = next(when for when, (reached, _) in enumerate(seen) if reached)
    seconds = (len(seen) - first) * (time.monotonic() - began) / len(seen)
    return {
        "side": _SIDE,
        "messages_per_second": all_of_it / seconds,
        "cpu_us_per_message": cpu / all_of_it * 1e6,
        "first_tenth_mib": max(memory for reached, memory in seen if 0 < reached <= all_of_it / 10),
        "most_mib": max(memory for _, memory in seen),
        "last_mib": seen[-1][1],
    }


def _rows(raw: Result) -> list[Row]:
    names = {
        "messages a second": "messages_per_second",
        "persister's CPU, µs per message": "cpu_us_per_message",
        "most memory in the first tenth, MiB": "first_tenth_mib",
        "most memory, MiB": "most_mib",
    }
    growth = f"×{raw['most_mib'] / raw['first_tenth_mib']:.2f}"
    return [
        Row.of(what, _SIDE, spread([raw], _SIDE, key), growth if key == "most_mib" else "")
        for what, key in names.items()
    ]


@asynccontextmanager
async def _persister(environ: Mapping[str, str]) -> AsyncIterator[psutil.Process]:
    free = free_ports()
    whole = {
        **os.environ,
        **environ,
        "CHATLY_SERVICE_SECRET": token_hex(),
        "CHATLY_LOG_LEVEL": "warning",
        "CHATLY_PERSISTER_GRPC_PORT": str(next(free)),
        "CHATLY_PERSISTER_HTTP_PORT": str(next(free)),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mesh", "serve", "persister", env=whole, cwd=ROOT
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()
