"""What a process lends to every service that it opens. Built by `mesh`, once per process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.bus.ports import LiveBus
from kernel.clock import Clock
from kernel.log.ports import EventLog, LogReader, OpenConsumer

if TYPE_CHECKING:
    import grpc.aio


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
