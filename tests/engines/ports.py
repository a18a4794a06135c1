"""Where engines of a session's or of a test's own listen."""

from dataclasses import replace
from pathlib import Path

from engines.settings import EngineSettings
from tests.ports import free_pairs


def on_free_ports(settings: EngineSettings) -> EngineSettings:
    """The same engines, where nobody listens."""
    free = free_pairs()
    return replace(
        settings,
        kafka_port=next(free),
        cassandra_port=next(free),
        cassandra_storage_port=next(free),
        redis_port=next(free),
        s3_port=next(free),
    )


def small_settings(data: Path) -> EngineSettings:
    """Engines of one test: their data in this folder, on free ports, with memory for little data."""
    return on_free_ports(EngineSettings(data=data, quick_start=True, kafka_heap="256m", cassandra_heap="512m"))
