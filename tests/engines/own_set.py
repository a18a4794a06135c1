"""All engines, for tests that kill them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.own import OwnEngine, own_cassandra, own_kafka, own_redis, own_s3
from tests.engines.ports import small_settings
from tests.engines.running import S3Server


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEngines:
    kafka: OwnEngine
    cassandra: OwnEngine
    redis: OwnEngine
    s3: OwnEngine
    s3_server: S3Server


@asynccontextmanager
async def own_engines(folder: Path) -> AsyncIterator[PrivateEngines]:
    """Running, with their data in this folder."""
    settings = small_settings(folder)
    s3 = own_s3(settings)
    own = PrivateEngines(
        kafka=own_kafka(settings),
        cassandra=own_cassandra(settings),
        redis=own_redis(settings),
        s3=s3,
        s3_server=S3Server(
            endpoint=f"http://{s3.address}", access_key=settings.s3_access_key, secret_key=settings.s3_secret_key
        ),
    )
    each = (own.kafka, own.cassandra, own.redis, own.s3)
    try:
        await asyncio.gather(*(engine.start() for engine in each))
        yield own
    finally:
        await asyncio.gather(*(engine.stop() for engine in each))


@asynccontextmanager
async def hanging(engine: OwnEngine) -> AsyncIterator[None]:
    """Freeze one within the block: it accepts connections and answers nothing."""
    engine.freeze()
    try:
        yield
    finally:
        engine.thaw()


@asynccontextmanager
async def killed(engine: OwnEngine) -> AsyncIterator[None]:
    """Kill one, and start it after the block with its data."""
    await engine.stop()
    try:
        yield
    finally:
        await engine.start()


@asynccontextmanager
async def emptied(engine: OwnEngine) -> AsyncIterator[None]:
    """Kill one, and start it after the block without its data."""
    async with killed(engine):
        engine.forget_everything()
        yield
