"""What a process lends to every service that it opens. Built by `mesh`, once per process."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.bus.ports import LiveBus
from kernel.log.ports import EventLog, LogReader, OpenConsumer
from kernel.time import Clock

if TYPE_CHECKING:
    import grpc.aio

    from kernel.cassandra.session import CassandraSession
    from kernel.grpc.tls import MeshTls
    from kernel.redis.handle import RedisHandle
    from kernel.s3.blob_store import S3BlobStore
    from kernel.service import HealthCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """The stores that the processes of a distributed mesh share. Each connects by itself whenever it is there."""

    cassandra: "CassandraSession"
    redis: "RedisHandle"
    open_blobs: "Callable[[], AbstractAsyncContextManager[S3BlobStore]]"
    """For the one service that keeps files."""
    health: Mapping[str, "HealthCheck"] = field(default_factory=dict)
    """What must have been reached once before a service can be opened, by name: these, and the log where it is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Shared by the services of one process; each closes only what it opened itself."""

    clock: Clock
    bus: LiveBus
    log: EventLog
    log_reader: LogReader
    log_consumer: OpenConsumer
    user_channel: Callable[[str], "grpc.aio.Channel"]
    """By service name: a channel that hands on the calling user's token. Opened once, closed by the process."""
    service_channel: Callable[[str], "grpc.aio.Channel"]
    """By service name: a channel that carries this process's service token."""
    service_secret: bytes
    """At least 32 bytes, the same in every service: signs service tokens and download links."""
    data_dir: Path
    """Where embedded adapters keep their files."""
    tls: "MeshTls | None" = None
    """What services show to each other and ask of each other. None: they talk in plaintext."""
    engines: Engines | None = None
    """None: the embedded default, whose adapters keep everything in files of `data_dir`, or in memory."""
