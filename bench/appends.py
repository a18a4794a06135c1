"""CPU time of an append to Kafka in the appending process, with each client library in turns.

`python -m bench.appends HOST:PORT` needs a running broker, for example of `make engines-up`. The load generator's share
is measured with a log that stores nothing, and subtracted.
"""

import argparse
import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from secrets import token_hex
from statistics import median
from typing import Protocol

import uvloop

from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings

_VALUE = os.urandom(300)
_CHATS = 50
_AT_ONCE = 100
_WARM_UP_SECONDS = 1.0


class _Log(Protocol):
    async def append(self, key: str, value: bytes) -> object: ...


_Load = Callable[[_Log, float], Awaitable[int]]


class _NoLog:
    async def append(self, key: str, value: bytes) -> object:
        await asyncio.sleep(0)
        return key, value


async def _at(per_second: int, log: _Log, seconds: float) -> int:
    """Append at fixed times, as an open loop, and return the number of records."""
    begin, number = time.monotonic(), int(per_second * seconds)
    async with asyncio.TaskGroup() as appends:
        for each in range(number):
            await asyncio.sleep(max(0, begin + each / per_second - time.monotonic()))
            appends.create_task(_append(log, each))
    return number


async def _saturated(log: _Log, seconds: float) -> int:
    """Append with a fixed number of records in flight, and return how many were acknowledged."""
    until, numbers = time.monotonic() + seconds, itertools.count()

    async def loop() -> None:
        while time.monotonic() < until:
            await _append(log, next(numbers))

    await asyncio.gather(*(loop() for _ in range(_AT_ONCE)))
    return next(numbers)


async def _append(log: _Log, number: int) -> None:
    await log.append(f"chat-{number % _CHATS}", _VALUE)


async def _cost(kafka: KafkaSettings | None, load: _Load, seconds: float) -> float:
    """Return the CPU time per append in µs. `kafka`: None for the load generator alone."""
    async with AsyncExitStack() as stack:
        log: _Log = _NoLog() if kafka is None else await stack.enter_async_context(open_kafka_log(kafka, patience=30))
        await load(log, _WARM_UP_SECONDS)
        before = time.process_time()
        number = await load(log, seconds)
        return (time.process_time() - before) / number * 1e6


async def _measure(bootstrap: str, rounds: int, seconds: float) -> None:
    kafka = partial(KafkaSettings, bootstrap=(bootstrap,), topic=f"bench-{token_hex(4)}", replication=1)
    sides = {"none": None, **{name: kafka(client_library=name) for name in ("kafka-python", "confluent")}}
    loads: dict[str, _Load] = {
        "200/s": partial(_at, 200),
        "500/s": partial(_at, 500),
        "saturated": _saturated,
    }
    for name, load in loads.items():
        costs: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side, settings in sides.items():
                costs[side].append(await _cost(settings, load, seconds))
        generator = median(costs.pop("none"))
        found = ", ".join(f"{side} {median(all_of_it) - generator:.0f}" for side, all_of_it in costs.items())
        print(f"{name}: {found} µs per append (load average {os.getloadavg()[0]:.0f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.appends", description=__doc__)
    parser.add_argument("bootstrap", help="HOST:PORT of a broker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    uvloop.run(_measure(arguments.bootstrap, arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    main()
