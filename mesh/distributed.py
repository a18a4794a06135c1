"""The distributed platform: Kafka, Redis, Cassandra and S3. Any of these engines may be unreachable at the start."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from history.audience import STORED_CHANNEL
from kernel.errors import ChatlyError
from kernel.grpc.tls import MeshTls
from kernel.grpc.tokens import ServiceTokens
from kernel.ids import time_of
from kernel.log.disabled import DisabledLog
from kernel.log.retention import RetentionSettings
from kernel.platform import Engines, Platform
from kernel.service import HealthCheck
from kernel.settings import load
from kernel.time import CorrectedClock, from_micros
from mesh.addresses import load_addresses
from mesh.platform import Channels
from mesh.services import ServiceSpec
from mesh.settings import ProcessSettings

if TYPE_CHECKING:
    from kernel.cassandra.session import CassandraSession
    from kernel.kafka.log import KafkaLog
    from kernel.redis.handle import RedisHandle
    from kernel.s3.blob_store import S3BlobStore


@asynccontextmanager
async def open_distributed_platform(
    process: ProcessSettings,
    spec: ServiceSpec,
    environ: Mapping[str, str],
    *,
    secret: bytes,
    tls: MeshTls | None = None,
) -> AsyncIterator[Platform]:
    """Open the platform of a process that serves one service.

    Do not wait for engines: `Engines.health` reports their state.
    """
    from kernel.cassandra.session import open_cassandra
    from kernel.cassandra.settings import CassandraSettings
    from kernel.redis.bus import open_redis_bus
    from kernel.redis.handle import open_redis
    from kernel.redis.settings import RedisSettings

    clock = CorrectedClock()
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(load(RedisSettings, environ)))
        cassandra = await stack.enter_async_context(
            open_cassandra(load(CassandraSettings, environ), spec.schema(), clock=clock)
        )
        health: dict[str, HealthCheck] = {"cassandra": cassandra.health, "redis": partial(_redis_health, redis)}
        log: KafkaLog | DisabledLog = DisabledLog()
        if spec.uses_log:
            log = kafka = await stack.enter_async_context(_open_kafka(environ, sets_retention=spec.name == "persister"))
            health["kafka"] = partial(_kafka_health, kafka)
        channels = Channels(load_addresses(environ), ServiceTokens(secret, clock=clock), spec.name, tls)
        stack.push_async_callback(channels.close)
        yield Platform(
            clock=clock,
            bus=await stack.enter_async_context(open_redis_bus(redis, barriers=[STORED_CHANNEL])),
            log=log,
            log_reader=log,
            log_consumer=log.consumer,
            user_channel=lambda service: channels.to(service, "user"),
            service_channel=lambda service: channels.to(service, "service"),
            service_secret=secret,
            data_dir=process.data_dir,
            tls=tls,
            engines=Engines(
                cassandra=cassandra,
                redis=redis,
                open_blobs=partial(_open_blobs, environ),
                clocks={"redis": partial(redis_time, redis), "cassandra": partial(cassandra_time, cassandra)},
                correct_clock=clock.correct,
                health=health,
            ),
        )


@asynccontextmanager
async def _open_kafka(environ: Mapping[str, str], *, sets_retention: bool) -> "AsyncIterator[KafkaLog]":
    from kernel.kafka.log import open_kafka_log
    from kernel.kafka.settings import KafkaSettings

    settings, retention = load(KafkaSettings, environ), load(RetentionSettings, environ)
    async with open_kafka_log(settings, patience=0, retention=retention, sets_retention=sets_retention) as log:
        yield log


@asynccontextmanager
async def _open_blobs(environ: Mapping[str, str]) -> "AsyncIterator[S3BlobStore]":
    from kernel.s3.blob_store import open_s3_blob_store
    from kernel.s3.settings import S3Settings

    async with open_s3_blob_store(load(S3Settings, environ)) as blobs:
        yield blobs


async def _redis_health(redis: "RedisHandle") -> str | None:
    await redis.ask([("PING",)])
    return None


async def redis_time(redis: "RedisHandle") -> datetime:
    """Return the time of the Redis server."""
    from kernel.redis.handle import Script

    # Use a script, because it has a key: a cluster sends a command without a key to an arbitrary node.
    seconds, micros = await redis.run(Script.of("return redis.call('TIME')"), [redis.key("clock")])
    return from_micros(int(seconds) * 1_000_000 + int(micros))


async def cassandra_time(cassandra: "CassandraSession") -> datetime:
    """Return the time of the Cassandra node that answers."""
    (row,) = await cassandra.execute("SELECT now() AS time FROM system.local")
    return time_of(row["time"])


async def _kafka_health(log: "KafkaLog") -> str | None:
    await log.log_id()
    return None


def engine_addresses(environ: Mapping[str, str]) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Return the hosts and ports of each engine from the settings. Raise SettingsError if a setting is wrong."""
    from kernel.cassandra.settings import CassandraSettings, addresses
    from kernel.kafka.settings import KafkaSettings
    from kernel.redis.settings import RedisSettings
    from kernel.s3.settings import S3Settings

    kafka, cassandra = load(KafkaSettings, environ), load(CassandraSettings, environ)
    redis, s3 = urlsplit(load(RedisSettings, environ).url), urlsplit(load(S3Settings, environ).endpoint)
    brokers = [broker.rpartition(":") for broker in kafka.bootstrap]
    found = {
        "kafka": [(host, int(port)) for host, _, port in brokers],
        "cassandra": addresses(cassandra.contact_points),
        "redis": [(redis.hostname or "localhost", redis.port or 6379)],
    }
    if s3.hostname:
        found["s3"] = [(s3.hostname, s3.port or (443 if s3.scheme == "https" else 80))]
    return found


async def any_unreachable(engines: Engines) -> bool:
    """Return whether an engine is unreachable. The health report names the engine and the reason."""
    for check in engines.health.values():
        try:
            if await check() is not None:
                return True
        except ChatlyError:
            return True
    return False
