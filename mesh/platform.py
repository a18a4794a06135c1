"""The embedded platform: the log, bus and channels that the services of one process share."""

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
from mesh.addresses import Addresses
from mesh.services import SERVICES
from mesh.settings import ProcessSettings


@asynccontextmanager
async def open_platform(
    process: ProcessSettings, addresses: Addresses, *, secret: bytes, name: str, tls: MeshTls | None = None
) -> AsyncIterator[Platform]:
    """Open the embedded platform. `name` identifies this process in its service tokens."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_sqlite_log(process.data_dir / "log.db", clock=clock))
        channels = Channels(addresses, ServiceTokens(secret, clock=clock), name, tls)
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
            old_records=log,
            tls=tls,
        )


@dataclass(frozen=True, slots=True)
class _Key:
    service: str
    forward: Forward


class Channels:
    """Channels to the services of the mesh. The channels are opened at first use and closed together."""

    def __init__(self, addresses: Addresses, tokens: ServiceTokens, name: str, tls: MeshTls | None) -> None:
        self._addresses = addresses
        self._tokens = tokens
        self._name = name
        self._tls = tls
        self._open: dict[_Key, grpc.aio.Channel] = {}

    def to(self, service: str, forward: Forward) -> grpc.aio.Channel:
        """Return the channel that forwards this kind of token to a service."""
        key = _Key(service, forward)
        if key not in self._open:
            self._open[key] = open_channel(
                grpc_target(self._addresses[service].grpc),
                forward=forward,
                service_tokens=self._tokens,
                name=self._name,
                grpc_services=_with_stubs(service),
                tls=self._tls,
                peer=service,
            )
        return self._open[key]

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._open.values():
            await channel.close()


def grpc_target(address: str) -> str:
    """Return the gRPC target for one or several addresses.

    If there are several, gRPC connects to the first address that answers.
    """
    addresses = [each.strip() for each in address.split(",")]
    return f"ipv4:{','.join(addresses)}" if len(addresses) > 1 else address


def _with_stubs(service: str) -> tuple[str, ...]:
    """Import the stubs of a service and return its gRPC services.

    A channel reads its retry rules from the stubs' descriptors.
    """
    for grpc_service in SERVICES[service].grpc_services:
        package, _, name = grpc_service.rpartition(".")
        module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
        importlib.import_module(f"{package}.{module}_pb2")
    return SERVICES[service].grpc_services
