"""Where engines of a session's or of a test's own listen."""

import random
import socket
from dataclasses import replace
from pathlib import Path

from engines.settings import EngineSettings
from tests.ports import PORTS

_PAIRS = PORTS[::2]


def on_free_ports(settings: EngineSettings) -> EngineSettings:
    """The same engines, where nobody listens."""
    free = (port for port in random.sample(_PAIRS, len(_PAIRS)) if _is_free(port) and _is_free(port + 1))
    return replace(
        settings,
        kafka_port=next(free),
        cassandra_port=next(free),
        cassandra_storage_port=next(free),
        redis_port=next(free),
        s3_port=next(free),
    )


def free_port() -> int:
    """One where nobody listens."""
    return next(port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))


def small_settings(data: Path) -> EngineSettings:
    """Engines of one test: their data in this folder, on free ports, with memory for little data."""
    return on_free_ports(EngineSettings(data=data, kafka_heap="256m", cassandra_heap="512m"))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
