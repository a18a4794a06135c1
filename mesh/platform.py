"""Opens what the services of one process share: log, bus, and channels to the other services."""

import importlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc.aio

from kernel.bus.memory import MemoryBus
from kernel.grpc.client import Forward, open_channel
from kernel.grpc.tls import MeshTls
from kernel.grpc.tokens import ServiceTokens
from kernel.platform import Platform
from kernel.sqlite.log import open_sqlite_log
from kernel.time import SystemClock
from mesh.settings import ProcessSettings

GRPC_SERVICES = {
    "auth": ("chatly.auth.v1.AuthService", "chatly.auth.v1.UserService"),
    "messaging": ("chatly.messaging.v1.MessagingService",),
    "presence": ("chatly.presence.v1.PresenceService",),
    "media": ("chatly.media.v1.MediaService",),
    "persister": ("chatly.persister.v1.PersisterService",),
}
"""What each service of the mesh serves."""


@asynccontextmanager
async def open_platform(
    process: ProcessSettings, *, secret: bytes, name: str, tls: MeshTls | None = None
) -> AsyncIterator[Platform]:
    """The embedded platform; `name` is what this process calls itself in its service tokens."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_sqlite_log(process.data_dir / "log.db"))
        channels = Channels(process, ServiceTokens(secret, clock=clock), name, tls)
        stack.push_async_callback(channels.close)
        yield Platform(
            clock=clock,
            bus=MemoryBus(),
            log=log,
            log_reader=log,
            log_consumer=log.consumer,
            user_channel=lambda service: channels.to(service, "user"),
            service_channel=lambda service: channels.to(service, "service"),
            service_secret=secret,
            data_dir=process.data_dir,
            tls=tls,
        )


@dataclass(frozen=True, slots=True)
class _Key:
    service: str
    forward: Forward


class Channels:
    """Channels to the services of the mesh: opened when first asked for, closed together."""

    def __init__(self, process: ProcessSettings, tokens: ServiceTokens, name: str, tls: MeshTls | None) -> None:
        self._process = process
        self._tokens = tokens
        self._name = name
        self._tls = tls
        self._open: dict[_Key, grpc.aio.Channel] = {}

    def to(self, service: str, forward: Forward) -> grpc.aio.Channel:
        """The channel to a service that hands on this kind of token."""
        key = _Key(service, forward)
        if key not in self._open:
            self._open[key] = open_channel(
                grpc_target(self._process.address(service)),
                forward=forward,
                service_tokens=self._tokens,
                name=self._name,
                grpc_services=_known(service),
                tls=self._tls,
                peer=service,
            )
        return self._open[key]

    async def close(self) -> None:
        """Close them all."""
        for channel in self._open.values():
            await channel.close()


def grpc_target(address: str) -> str:
    """What gRPC is to connect to: of several addresses the first that answers."""
    addresses = [each.strip() for each in address.split(",")]
    return f"ipv4:{','.join(addresses)}" if len(addresses) > 1 else address


def _known(service: str) -> tuple[str, ...]:
    """The gRPC services of a target, with their stubs imported: retries are configured from their descriptors."""
    for grpc_service in GRPC_SERVICES[service]:
        package, _, name = grpc_service.rpartition(".")
        module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
        importlib.import_module(f"{package}.{module}_pb2")
    return GRPC_SERVICES[service]
