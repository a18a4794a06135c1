"""Redis for one test: the handle, with every key and channel under a prefix that no other test has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernel.redis.handle import RedisHandle, open_redis
from kernel.redis.settings import RedisSettings


@asynccontextmanager
async def fresh_redis(url: str, name: str, *, shards: int = 1) -> AsyncIterator[RedisHandle]:
    """`url` and `name`: what the fixtures `redis_url` and `fresh_name` give. Nothing is left at the end."""
    async with open_redis(RedisSettings(url=url, prefix=f"{name}:", shards=shards)) as redis:
        yield redis
        await forget_everything(redis)


async def forget_everything(redis: RedisHandle) -> None:
    """Lose the data of this installation, as a Redis that keeps none does when it is restarted."""
    await redis.ask([("UNLINK", key) for key in await keys(redis)])


async def keys(redis: RedisHandle) -> list[str]:
    (names,) = await redis.ask([("KEYS", redis.key("*"))])
    return [name.decode() for name in names]
