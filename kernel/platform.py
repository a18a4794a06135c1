"""Resources that all services of a process share. `mesh` builds them once per process."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.bus.ports import LiveBus
from kernel.log.ports import EventLog, LogReader, OldRecords, OpenConsumer
from kernel.time import Clock, ClockOffset

if TYPE_CHECKING:
    import grpc.aio

    from kernel.cassandra.session import CassandraSession
    from kernel.clock_watch import ReadTime
    from kernel.grpc.tls import MeshTls
    from kernel.redis.handle import RedisHandle
    from kernel.s3.blob_store import S3BlobStore
    from kernel.service import HealthCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """The handles to the engines that all processes of a distributed mesh share. Each handle reconnects by itself."""

    cassandra: "CassandraSession"
    redis: "RedisHandle"
    open_blobs: "Callable[[], AbstractAsyncContextManager[S3BlobStore]]"
    """Opens the blob store. Only media uses it."""
    clocks: Mapping[str, "ReadTime"] = field(default_factory=dict)
    """Functions that read the engines' clocks, by the name of the engine."""
    correct_clock: Callable[[ClockOffset], None] = lambda _: None
    """Corrects the platform's clock by a measurement of the machine's clock."""
    health: Mapping[str, "HealthCheck"] = field(default_factory=dict)
    """Health checks of the engines by name, with the log if it is used.

    A service opens once each engine has been reached.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Resources of one process. A service closes only what it opened itself."""

    clock: Clock
    bus: LiveBus
    log: EventLog
    log_reader: LogReader
    log_consumer: OpenConsumer
    user_channel: Callable[[str], "grpc.aio.Channel"]
    """Returns the channel to a service by name. It forwards the calling user's token. The process closes it."""
    service_channel: Callable[[str], "grpc.aio.Channel"]
    """Returns the channel to a service by name. It sends the service token of this process."""
    service_secret: bytes
    """At least 32 bytes, the same in all services. It signs service tokens and download links."""
    data_dir: Path
    """Folder of the embedded adapters."""
    old_records: OldRecords | None = None
    """The oldest records of the log. None: the log removes old records by itself."""
    tls: "MeshTls | None" = None
    """Certificates for TLS between services. None: plaintext."""
    engines: Engines | None = None
    """None: the embedded default, which stores everything in `data_dir` or in memory."""
