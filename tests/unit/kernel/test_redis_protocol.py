"""Opening a connection, and the responses of a scripted server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio.connection import Connection
from redis.exceptions import AuthenticationError, BusyLoadingError, InvalidResponse, NoScriptError, ResponseError

from kernel.redis.protocol import RedisConnection, connect
from tests.waiting import eventually


class Server:
    """Sends the given bytes, and records what it receives."""

    def __init__(self) -> None:
        self.sends = b""
        self.port = 0
        self.received = b""
        self.closed = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1024):
                self.received += data
                writer.write(self.sends)
        self.closed += 1
        writer.close()

    async def connection(self, **options: Any) -> RedisConnection:
        return await connect(Connection(host="127.0.0.1", port=self.port, **options))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


async def responses(server: Server, sends: bytes, *, number: int) -> list[Any]:
    server.sends = sends
    connection = await server.connection()
    try:
        connection.write([("PING",)])
        async with asyncio.timeout(5):
            return await connection.responses(number)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"password": "p"}, b"*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n"),
        ({"username": "u", "password": "p"}, b"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n"),
        ({"username": "u"}, b"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$0\r\n\r\n"),
        ({"db": 3}, b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"),
    ],
)
async def test_a_connection_begins_with_its_credentials_and_database(
    server: Server, options: dict[str, Any], sent: bytes
) -> None:
    server.sends = b"+OK\r\n"
    connection = await server.connection(**options)
    connection.close()

    assert server.received == sent


@pytest.mark.parametrize(
    ("options", "answer", "error"),
    [
        ({"password": "wrong"}, b"-WRONGPASS invalid password\r\n", AuthenticationError),
        ({"db": 99}, b"-ERR DB index is out of range\r\n", ResponseError),
    ],
)
async def test_a_server_that_rejects_the_client_leaves_no_connection(
    server: Server, options: dict[str, Any], answer: bytes, error: type[Exception]
) -> None:
    server.sends = answer
    with pytest.raises(error):
        await server.connection(**options)

    await eventually(lambda: server.closed == 1, "the connection is closed")


async def test_errors_of_commands_are_responses_with_the_type_of_their_code(server: Server) -> None:
    sends = b"-NOSCRIPT No matching script\r\n-ERR unknown command\r\n*2\r\n$-1\r\n:7\r\n"
    missing, unknown, values = await responses(server, sends, number=3)

    assert isinstance(missing, NoScriptError)
    assert isinstance(unknown, ResponseError)
    assert (str(unknown), values) == ("unknown command", [None, 7])


async def test_a_server_that_still_loads_its_data_gives_no_responses(server: Server) -> None:
    with pytest.raises(BusyLoadingError):
        await responses(server, b"-LOADING Redis is loading the dataset in memory\r\n", number=1)


async def test_bytes_that_are_no_response_close_the_connection(server: Server) -> None:
    with pytest.raises(InvalidResponse):
        await responses(server, b"HTTP/1.1 400 Bad Request\r\n", number=1)


async def test_a_response_in_parts_is_complete_with_its_last_byte() -> None:
    connection = RedisConnection()
    waiting = asyncio.create_task(connection.responses(2))
    for byte in b"$4\r\none\n\r\n*1\r\n+two\r\n":
        await asyncio.sleep(0)
        assert not waiting.done()
        connection.data_received(bytes([byte]))

    assert await waiting == [b"one\n", [b"two"]]


async def test_an_error_of_the_listener_closes_the_connection(server: Server) -> None:
    def refuse(_: list[Any]) -> None:
        raise ConnectionError("not this")

    server.sends = b"+PONG\r\n"
    connection = await server.connection()
    connection.listen(refuse)
    connection.write([("PING",)])

    async with asyncio.timeout(5):
        assert str(await connection.closed) == "not this"
    await eventually(lambda: server.closed == 1, "the connection is closed")


async def test_nothing_is_written_to_a_closed_connection(server: Server) -> None:
    connection = await server.connection()
    connection.close()
    connection.write([("PING",)])

    await eventually(lambda: server.closed == 1, "the connection is closed")
    assert server.received == b""
