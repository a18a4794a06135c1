"""Redis for one test: the client, with every key and channel under a unique prefix."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kernel.redis.handle import RedisHandle, open_redis
from kernel.redis.settings import RedisSettings


@asynccontextmanager
async def fresh_redis(url: str, name: str, *, shards: int = 1) -> AsyncIterator[RedisHandle]:
    """`url` and `name` come from the fixtures `redis_url` and `fresh_name`. All keys are deleted at the end."""
    async with open_redis(RedisSettings(url=url, prefix=f"{name}:", shards=shards)) as redis:
        yield redis
        await forget_everything(redis)


async def forget_everything(redis: RedisHandle) -> None:
    """Delete the data of this installation, as a restart of a Redis without persistence does."""
    await redis.ask([("UNLINK", key) for key in await keys(redis)])


async def keys(redis: RedisHandle) -> list[str]:
    (names,) = await redis.ask([("KEYS", redis.key("*"))])
    return [name.decode() for name in names]
