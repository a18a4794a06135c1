"""The connection behind a channel to another service: plain, or by TLS and then made anew once our certificate is."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import grpc

from kernel.grpc.tls import Identity, MeshTls, channel_credentials

_LOOK_SECONDS: Final = 1.0
# What began on a connection whose certificate was replaced may end on it, within reason.
_FAREWELL_SECONDS: Final = 60.0

Options = Sequence[tuple[str, Any]]


class Dialer(Protocol):
    """Whom to call through."""

    def channel(self) -> grpc.aio.Channel:
        """For the next call; the same one most of the time."""
        ...

    async def close(self, grace: float | None) -> None:
        """Of every channel it gave."""
        ...


class PlainDialer:
    """One channel for ever, without TLS."""

    def __init__(self, address: str, options: Options) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=options)

    def channel(self) -> grpc.aio.Channel:
        return self._channel

    async def close(self, grace: float | None) -> None:
        await self._channel.close(grace)


class TlsDialer:
    """A channel by mutual TLS to whoever is certified to be `name`, at whatever address."""

    def __init__(self, address: str, options: Options, *, tls: MeshTls, name: str) -> None:
        self._address = address
        # Addresses are the deployment's business and change; what a peer is allowed to be does not.
        self._options = [*options, ("grpc.ssl_target_name_override", name)]
        self._tls = tls
        self._closing: set[asyncio.Task[None]] = set()
        self._looked_at = time.monotonic()
        self._identity = tls.current()
        self._channel = self._open(self._identity)

    def channel(self) -> grpc.aio.Channel:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            identity = self._tls.current()
            if identity is not self._identity:
                self._replace(identity)
        return self._channel

    async def close(self, grace: float | None) -> None:
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._channel.close(grace)

    def _replace(self, identity: Identity) -> None:
        retired, self._channel = self._channel, self._open(identity)
        self._identity = identity
        task = asyncio.ensure_future(retired.close(_FAREWELL_SECONDS))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _open(self, identity: Identity) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(self._address, channel_credentials(identity), options=self._options)
