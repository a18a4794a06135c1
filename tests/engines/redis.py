"""Redis for one test: the handle, with every key and channel under a prefix that no other test has."""

from contextlib import AbstractAsyncContextManager

from kernel.store.redis import RedisHandle, RedisSettings, open_redis


def fresh_redis(url: str, name: str, *, lanes: int = 1) -> AbstractAsyncContextManager[RedisHandle]:
    """`url` and `name`: what the fixtures `redis_url` and `fresh_name` give."""
    return open_redis(RedisSettings(url=url, prefix=f"{name}:", lanes=lanes))
