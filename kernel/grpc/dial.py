"""The gRPC channel to another service: plaintext or TLS. A TLS channel is replaced when the certificate is renewed."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import grpc

from kernel.grpc.tls import Identity, MeshTls, channel_credentials

_CHECK_SECONDS: Final = 1.0
# Time for running calls to end on the old channel.
_DRAIN_SECONDS: Final = 60.0

Options = Sequence[tuple[str, Any]]


class Dialer(Protocol):
    """Provides the channel for each call."""

    def channel(self) -> grpc.aio.Channel:
        """Return the channel for the next call. It is seldom another channel than before."""
        ...

    async def close(self, grace: float | None) -> None:
        """Close all channels."""
        ...


class PlainDialer:
    """One channel without TLS."""

    def __init__(self, address: str, options: Options) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=options)

    def channel(self) -> grpc.aio.Channel:
        return self._channel

    async def close(self, grace: float | None) -> None:
        await self._channel.close(grace)


class TlsDialer:
    """A channel with mutual TLS. The peer's certificate must have the DNS name `name`, whatever its address is."""

    def __init__(self, address: str, options: Options, *, tls: MeshTls, name: str) -> None:
        self._address = address
        # Addresses differ between deployments, so certificates contain the name of the service instead.
        self._options = [*options, ("grpc.ssl_target_name_override", name)]
        self._tls = tls
        self._closing: set[asyncio.Task[None]] = set()
        self._checked_at = time.monotonic()
        self._identity = tls.current()
        self._channel = self._open(self._identity)

    def channel(self) -> grpc.aio.Channel:
        now = time.monotonic()
        if now - self._checked_at >= _CHECK_SECONDS:
            self._checked_at = now
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
        task = asyncio.ensure_future(retired.close(_DRAIN_SECONDS))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _open(self, identity: Identity) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(self._address, channel_credentials(identity), options=self._options)
