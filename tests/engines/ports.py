"""Ports for the engines of a session or of one test."""

from dataclasses import replace
from pathlib import Path

from engines.settings import EngineSettings
from tests.ports import free_pairs


def on_free_ports(settings: EngineSettings) -> EngineSettings:
    """Return the same settings with free ports."""
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
    """Return settings for the engines of one test: data in this folder, free ports, and memory for little data."""
    return on_free_ports(EngineSettings(data=data, quick_start=True, kafka_heap="256m", cassandra_heap="512m"))
