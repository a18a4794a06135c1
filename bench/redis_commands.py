"""CPU time of Redis commands in the process that sends them, next to redis-py's own pipeline in turns.

`python -m bench.redis_commands HOST:PORT` needs a running Redis, for example of `make engines-up`.
"""

import argparse
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from secrets import token_hex
from statistics import median

import uvloop
from redis.asyncio import Redis

from kernel.bus.ports import BusMessage
from kernel.redis.bus import open_redis_bus
from kernel.redis.handle import open_redis
from kernel.redis.settings import RedisSettings

_VALUE = os.urandom(200)
_SIZES = (1, 4, 16, 64)
_COMMANDS = 6_400
_MESSAGES_AT_ONCE = 16

_Ask = Callable[[int], Awaitable[object]]
"""Sends a batch with this number of commands and waits for the responses."""


@asynccontextmanager
async def _own(settings: RedisSettings) -> AsyncIterator[_Ask]:
    async with open_redis(settings) as redis:
        yield lambda size: redis.ask([("SET", "bench", _VALUE)] * size)


@asynccontextmanager
async def _redis_py(settings: RedisSettings) -> AsyncIterator[_Ask]:
    async with Redis.from_url(settings.url, protocol=2) as client:

        async def ask(size: int) -> object:
            pipeline = client.pipeline(transaction=False)
            for _ in range(size):
                pipeline.execute_command("SET", "bench", _VALUE)
            return await pipeline.execute()

        yield ask


async def _per_batch(ask: _Ask, size: int) -> float:
    """Return the CPU time per batch in µs."""
    await ask(size)
    before, batches = time.process_time(), _COMMANDS // size
    for _ in range(batches):
        await ask(size)
    return (time.process_time() - before) / batches * 1e6


async def _per_message(settings: RedisSettings) -> float:
    """Return the CPU time in µs of a message of the live bus that another process sent, from Redis to its reader."""
    async with open_redis(settings) as here, open_redis(settings) as there, open_redis_bus(here) as bus:
        subscription = bus.subscribe()
        await subscription.add(["subscribed"])
        async with open_redis_bus(there) as sender:

            async def send(channel: str) -> float:
                before, message = time.process_time(), BusMessage(channel, _VALUE)
                for _ in range(_COMMANDS // _MESSAGES_AT_ONCE):
                    await sender.publish([message] * _MESSAGES_AT_ONCE)
                    await there.ask([("PING",)])
                    missing = _MESSAGES_AT_ONCE if channel == "subscribed" else 0
                    while missing:
                        missing -= len(await subscription.receive())
                return (time.process_time() - before) / _COMMANDS * 1e6

            alone = await send("another")
            return await send("subscribed") - alone


async def _measure(address: str, rounds: int) -> None:
    settings = RedisSettings(url=f"redis://{address}/0", prefix=f"bench-{token_hex(4)}:")
    async with _own(settings) as own, _redis_py(settings) as redis_py:
        for size in _SIZES:
            found = [(await _per_batch(own, size), await _per_batch(redis_py, size)) for _ in range(rounds)]
            ours, theirs = (median(side) for side in zip(*found, strict=True))
            print(f"batch of {size}: Chatly {ours:.0f}, redis-py {theirs:.0f} µs", flush=True)
    received = median([await _per_message(settings) for _ in range(rounds)])
    print(f"message received: {received:.1f} µs (load average {os.getloadavg()[0]:.0f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.redis_commands", description=__doc__)
    parser.add_argument("address", help="HOST:PORT of a Redis")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    uvloop.run(_measure(arguments.address, arguments.rounds))


if __name__ == "__main__":
    main()
