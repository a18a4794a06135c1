"""Joins the buckets of all nodes in Redis. No call waits for Redis, and without Redis each node limits alone."""

import asyncio
from collections import Counter

from kernel.rates import Rate, UserMethod, UserRates
from kernel.redis.handle import Call, RedisHandle, Script
from kernel.retry import suppress_unavailable

_EXCHANGE_SECONDS = 0.2
_MICROSECONDS = 1_000_000

# KEYS[1]: the time at which the bucket is full again, in microseconds since 1970.
# ARGV[1]: microseconds that the calls of a node add to it.
_TAKE = Script.of("""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local left = math.max((tonumber(redis.call('GET', KEYS[1])) or now) - now, 0) + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', now + left), 'PX', math.ceil(left / 1000) + 1000)
return left
""")


class RatesExchange:
    """Every 0.2 s, adds the calls that this node admitted to the shared buckets, and learns of those of other nodes.

    A user of several nodes can exceed a limit by the calls of one such interval per node.
    """

    def __init__(self, *, redis: RedisHandle, rates: UserRates) -> None:
        self._redis = redis
        self._rates = rates

    async def run(self) -> None:
        """Exchange until cancelled. Calls that Redis did not get count on this node alone."""
        while True:
            await asyncio.sleep(_EXCHANGE_SECONDS)
            with suppress_unavailable():
                await self.run_once()

    async def run_once(self) -> None:
        """Exchange the calls since the last exchange."""
        admitted = self._rates.take_admitted()
        if not admitted:
            return
        keys = list(admitted)
        left = await self._redis.run_all(_TAKE, [self._call(key, admitted) for key in keys])
        for key, microseconds in zip(keys, left, strict=True):
            self._rates.raise_to(key, int(microseconds) / _MICROSECONDS)

    def _call(self, key: UserMethod, admitted: "Counter[UserMethod]") -> Call:
        user_id, method = key
        rate: Rate = self._rates.rate_of(method)
        name = self._redis.key(f"rate:{user_id}:{method}")
        return Call([name], [round(admitted[key] * rate.spacing * _MICROSECONDS)])
