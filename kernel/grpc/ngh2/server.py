"""A gRPC server on libnghttp2 and the event loop, without threads. Runs handlers of grpc.aio unchanged."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import grpc

from kernel.deadlines import Deadlines
from kernel.grpc.ngh2.call import Call
from kernel.grpc.ngh2.connection import Connection
from kernel.grpc.ngh2.context import Context
from kernel.grpc.ngh2.messages import CallError
from kernel.grpc.ngh2.method import Method
from kernel.grpc.responses import ResponseStream
from kernel.grpc.tls import MeshTls
from kernel.sockets import bound

_BACKLOG: Final = 4_096
_HANDSHAKE_SECONDS: Final = 15.0
_CLEANUP_SECONDS: Final = 1.0
# Methods that are found are kept by their path. A handler that takes any path must not make this grow without end.
_MAX_KNOWN_METHODS: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Details(grpc.HandlerCallDetails):
    method: str
    invocation_metadata: tuple[tuple[str, str | bytes], ...] = ()


class Ngh2Server:
    """Has the methods of `grpc.aio.Server` that generated code calls."""

    def __init__(self, *, max_calls: int, max_age_seconds: float) -> None:
        """`max_calls`: open calls and streams. `max_age_seconds` of connections, 0: no limit."""
        self.max_calls = max_calls
        self.max_age_seconds = max_age_seconds
        self.deadlines = Deadlines()
        self._generic: list[grpc.GenericRpcHandler] = []
        self._methods: dict[bytes, Method] = {}
        self._calls: set[Call] = set()
        self._connections: set[Connection] = set()
        self._idle = asyncio.Event()
        self._stopping = False
        self._tls: MeshTls | None = None
        self._socket: socket.socket | None = None
        self._listener: asyncio.Server | None = None

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Ask these for the methods of calls, after those that were added before."""
        self._generic += handlers

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Do nothing: generated code also passes its handlers to the method above."""

    def bind(self, host: str, port: int, tls: MeshTls | None) -> int:
        """Listen on an address, 0 for any free port, and return the port. Raise OSError if it is in use."""
        self._socket = bound(host, port, _BACKLOG)
        self._tls = tls
        return int(self._socket.getsockname()[1])

    def responses(self, context: "grpc.aio.ServicerContext[Any, Any]") -> ResponseStream:
        """Return the responses of a call of this server that streams them."""
        return cast("Context", context).responses

    async def start(self) -> None:
        """Accept connections."""
        tls = self._tls
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: Connection(self, tls=tls is not None),
            sock=cast("socket.socket", self._socket),
            backlog=_BACKLOG,
            ssl=None if tls is None else tls.grpc_context(),
            ssl_handshake_timeout=None if tls is None else _HANDSHAKE_SECONDS,
        )

    async def stop(self, grace: float | None) -> None:
        """Refuse new calls, give the others `grace` seconds to finish, then end them with UNAVAILABLE."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        elif self._socket is not None:
            self._socket.close()
        for connection in list(self._connections):
            connection.drain()
        await self._until_idle(grace or 0.0)
        for connection in list(self._connections):
            connection.abort()
        await self._until_idle(_CLEANUP_SECONDS)

    # The server of its connections.

    def method(self, path: bytes) -> Method | None:
        method = self._methods.get(path)
        if method is None and (handler := self._find(path)) is not None:
            method = Method.of(handler)
            if len(self._methods) < _MAX_KNOWN_METHODS:
                self._methods[path] = method
        return method

    def connected(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._stopping:
            connection.drain()

    def disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._notice_idle()

    def started(self, call: Call) -> None:
        if len(self._calls) >= self.max_calls:
            raise CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!")
        self._calls.add(call)

    def ended(self, call: Call) -> None:
        self._calls.discard(call)
        self._notice_idle()

    def _find(self, path: bytes) -> "grpc.RpcMethodHandler[Any, Any] | None":
        details = _Details(path.decode("latin-1"))
        found = (handler.service(details) for handler in self._generic)
        return next((handler for handler in found if handler is not None), None)

    def _notice_idle(self) -> None:
        if self._stopping and not self._calls and not self._connections:
            self._idle.set()

    async def _until_idle(self, seconds: float) -> None:
        self._notice_idle()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return
