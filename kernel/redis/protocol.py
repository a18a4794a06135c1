"""A connection to one Redis server. Knows no commands but those that open a connection."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import hiredis
from redis.asyncio.connection import Connection, DefaultParser, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

Part = str | bytes | int | float
Command = tuple[Part, ...]

_INCOMPLETE = object()
# The type hint of hiredis is for tuples with one element.
_pack = cast("Callable[[Command], bytes]", hiredis.pack_command)


class RedisConnection(asyncio.Protocol):
    """Sends commands and receives responses over one connection, which `connect` opens.

    Callers limit what waits to be written: they write the next batch when they have the responses to the last one.
    """

    def __init__(self) -> None:
        self.closed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        """The reason, once the connection is closed."""
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader(InvalidResponse, DefaultParser.parse_error, notEnoughData=_INCOMPLETE)
        self._receive: Callable[[list[Any]], None] = self._collect
        self._responses: list[Any] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the connection is open and all responses have been taken."""
        return not self.closed.done() and not self._responses

    def write(self, commands: Iterable[Command]) -> None:
        """Send commands. On a closed connection, this does nothing."""
        if self._transport is not None and not self.closed.done():
            self._transport.write(b"".join(map(_pack, commands)))

    async def responses(self, number: int) -> list[Any]:
        """Return the next responses. ResponseErrors are responses; an error that rejects the client is raised.

        Raise the reason if the connection is closed before they have arrived.
        """
        if len(self._responses) < number and not self.closed.done():
            self._wanted = number
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if len(self._responses) < number:
            raise self.closed.result()
        found, self._responses = self._responses[:number], self._responses[number:]
        for response in found:
            if isinstance(response, RedisConnectionError):
                raise response
        return found

    def listen(self, receive: Callable[[list[Any]], None]) -> None:
        """Pass all later responses to a function, as they arrive. If it raises, the connection is closed."""
        self._receive = receive

    def close(self, reason: Exception | None = None) -> None:
        """Close at once. A graceful end of TLS would keep the socket until the server closes it, or for 30 s."""
        if self._transport is not None:
            self._transport.abort()
        self._end(reason or RedisConnectionError("closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.closed.done():
            return
        try:
            self._reader.feed(data)
            self._receive(list(iter(self._reader.gets, _INCOMPLETE)))
        except Exception as error:  # noqa: BLE001 - the users of the connection get it
            self.close(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or RedisConnectionError("the server has closed the connection"))

    def _collect(self, responses: list[Any]) -> None:
        self._responses += responses
        if len(self._responses) >= self._wanted:
            self._wake()

    def _end(self, reason: Exception) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(server: Connection) -> RedisConnection:
    """Open a connection. `server`: a connection of redis-py that is not open; it has the address and all options."""
    tls = server.ssl_context.get() if isinstance(server, SSLConnection) else None
    loop = asyncio.get_running_loop()
    try:
        transport, connection = await loop.create_connection(RedisConnection, server.host, server.port, ssl=tls)
    except UnicodeError as error:
        raise RedisConnectionError(f"{server.host} is no host name: {error}") from error
    try:
        _keep_alive(transport, server)
        await _log_in(connection, server)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_alive(transport: asyncio.Transport, server: Connection) -> None:
    if server.socket_keepalive:
        own = transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in cast("Mapping[int, int]", server.socket_keepalive_options).items():
            own.setsockopt(socket.IPPROTO_TCP, option, value)


async def _log_in(connection: RedisConnection, server: Connection) -> None:
    commands: list[Command] = []
    if server.username:
        commands.append(("AUTH", server.username, server.password or ""))
    elif server.password:
        commands.append(("AUTH", server.password))
    if server.db:
        commands.append(("SELECT", server.db))
    connection.write(commands)
    for response in await connection.responses(len(commands)):
        if isinstance(response, Exception):
            raise response
