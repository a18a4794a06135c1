"""`chatly migrate`: creates or updates the keyspace, tables, topic and bucket, as services do at the start."""

import asyncio
import time
from collections.abc import Callable, Mapping

from kernel.log.retention import RetentionSettings
from kernel.service import HealthCheck
from kernel.settings import load
from mesh.services import SERVICES

Say = Callable[[str], None]
_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.1


class MigrationError(Exception):
    """An engine could not be reached, or its contents do not fit the settings."""


async def migrate(environ: Mapping[str, str], say: Say) -> int:
    """Create or update everything. Return exit code 0 if everything exists, else 1.

    Raise SettingsError if a setting is wrong. The command is safe to repeat and to run in parallel.
    """
    failures = 0
    for engine, attempt in (("Cassandra", _tables), ("Kafka", _topic), ("S3", _bucket)):
        try:
            say(f"{engine:<10} {await attempt(environ)}")
        except MigrationError as error:
            failures += 1
            say(f"{engine:<10} FAILED: {error}")
    return 1 if failures else 0


async def _tables(environ: Mapping[str, str]) -> str:
    from kernel.cassandra.session import open_cassandra
    from kernel.cassandra.settings import CassandraSettings

    settings = load(CassandraSettings, environ)
    schemas = {schema.owner: schema for schema in (spec.schema() for spec in SERVICES.values())}
    async with open_cassandra(settings, *schemas.values()) as session:
        await _until_healthy(session.health)
    return f"keyspace {settings.keyspace}, tables of {', '.join(schemas)}"


async def _topic(environ: Mapping[str, str]) -> str:
    from kernel.kafka.settings import KafkaSettings
    from kernel.kafka.topic import WrongTopicError, identify_topic, set_retention

    settings, retention = load(KafkaSettings, environ), load(RetentionSettings, environ)

    async def health() -> str | None:
        try:
            await asyncio.to_thread(identify_topic, settings, retention=retention.time)
            await asyncio.to_thread(set_retention, settings, retention.time)
        except WrongTopicError as error:
            raise MigrationError(str(error)) from error
        except Exception as error:  # noqa: BLE001 - the next attempt may succeed
            return str(error) or type(error).__name__
        return None

    await _until_healthy(health)
    kept = f"kept for {retention.days:g} days" if retention.days else "kept without a limit"
    return f"topic {settings.topic} with {settings.partitions} partitions, {kept}"


async def _bucket(environ: Mapping[str, str]) -> str:
    from kernel.s3.blob_store import open_s3_blob_store
    from kernel.s3.settings import S3Settings

    settings = load(S3Settings, environ)
    async with open_s3_blob_store(settings) as blobs:
        await _until_healthy(blobs.health)
    return f"bucket {settings.bucket}"


async def _until_healthy(health: HealthCheck) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while (fault := await health()) is not None:
        if time.monotonic() > deadline:
            raise MigrationError(fault)
        await asyncio.sleep(_POLL_SECONDS)
