"""One connection for batches of commands, with a scripted server."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from engines.certificates import Authority
from kernel.redis.connection import PipelineConnection
from kernel.redis.protocol import connect
from tests.waiting import eventually


class Server:
    """Echoes the last word of every command, except: "silence" gets no response, "hang up" closes the connection."""

    def __init__(self) -> None:
        self.connections: list[asyncio.StreamWriter] = []
        self.heard: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        while header := await reader.readline():
            words = [await self._word(reader) for _ in range(int(header[1:]))]
            self.heard.append(words[-1])
            match words[-1]:
                case b"silence":
                    continue
                case b"hang up":
                    return writer.close()
                case b"nonsense":
                    writer.write(b"-ERR no such command\r\n")
                case word:
                    writer.write(b"$%d\r\n%s\r\n" % (len(word), word))
        return None

    async def _word(self, reader: asyncio.StreamReader) -> bytes:
        length = int((await reader.readline())[1:])
        return (await reader.readexactly(length + 2))[:-2]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        for writer in server.connections:
            writer.close()


@asynccontextmanager
async def a_connection(server: Server, *, seconds: float) -> AsyncIterator[PipelineConnection]:
    address = Connection(host="127.0.0.1", port=server.port)
    connection = PipelineConnection(connect=partial(connect, address), timeout=seconds)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
async def connection(server: Server) -> AsyncIterator[PipelineConnection]:
    async with a_connection(server, seconds=60) as connection:
        yield connection


async def test_each_command_gets_its_response_and_errors_are_responses(
    server: Server, connection: PipelineConnection
) -> None:
    first, second, third = await connection([("ECHO", "one"), ("nonsense",), ("ECHO", b"three")])

    assert (first, third) == (b"one", b"three")
    assert isinstance(second, ResponseError)
    assert await connection([("ECHO", "four")]) == [b"four"]
    assert len(server.connections) == 1


async def test_after_a_timeout_a_late_response_is_not_taken_for_another_one(server: Server) -> None:
    async with a_connection(server, seconds=0.5) as connection:
        with pytest.raises(RedisTimeoutError, match=r"no response within 0\.5 s"):
            await connection([("ECHO", "silence"), ("ECHO", "late")])

        assert server.heard == [b"silence", b"late"]
        assert await connection([("ECHO", "next")]) == [b"next"]
        assert len(server.connections) == 2


async def test_the_timeout_is_for_a_hundred_responses_not_for_the_batch(server: Server) -> None:
    async with a_connection(server, seconds=2.0) as connection:
        asking = asyncio.create_task(connection([("ECHO", "silence")] * 150))
        await eventually(lambda: len(server.heard) == 150)
        for _ in range(2):
            await asyncio.sleep(1.2)
            server.connections[0].write(b"+late\r\n" * 100)

        assert await asking == [b"late"] * 150


async def test_every_batch_has_its_own_timeout_and_none_outlives_it(server: Server) -> None:
    async with a_connection(server, seconds=0.5) as connection:
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < 1:
            assert await connection([("ECHO", "quick")]) == [b"quick"]
            await asyncio.sleep(0.05)
        assert len(server.connections) == 1

        # Idle for longer than the timeout: the connection stays open.
        await asyncio.sleep(0.8)
        assert await connection([("ECHO", "later")]) == [b"later"]
        assert len(server.connections) == 1

        with pytest.raises(RedisTimeoutError):
            await connection([("ECHO", "silence")])


async def test_a_closed_connection_is_reported(server: Server, connection: PipelineConnection) -> None:
    with pytest.raises(RedisConnectionError):
        await connection([("ECHO", "hang up")])

    assert await connection([("ECHO", "next")]) == [b"next"]


async def test_a_connection_that_closed_between_two_batches_is_replaced(
    server: Server, connection: PipelineConnection
) -> None:
    await connection([("ECHO", "one")])
    server.connections[0].close()
    await server.connections[0].wait_closed()
    # The close has arrived; the event loop has to notice it.
    for _ in range(3):
        await asyncio.sleep(0)

    assert await connection([("ECHO", "two")]) == [b"two"]
    assert len(server.connections) == 2


async def test_a_cancelled_batch_leaves_no_responses_behind(server: Server, connection: PipelineConnection) -> None:
    await connection([("ECHO", "one")])
    asking = asyncio.create_task(connection([("ECHO", "silence")]))
    await eventually(lambda: server.heard[-1] == b"silence")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    server.connections[0].write(b"+late\r\n")

    assert await connection([("ECHO", "two")]) == [b"two"]


async def test_a_server_that_never_closes_keeps_no_socket_open(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("redis", ["127.0.0.1"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = SSLConnection(host="127.0.0.1", port=listening.getsockname()[1], ssl_ca_certs=str(authority.ca))
        closed = asyncio.create_task(asyncio.to_thread(client_closes, listening, context))
        connection = PipelineConnection(connect=partial(connect, address), timeout=60)
        assert await connection([("ECHO", "one")]) == [b"OK"]
        connection.close()

        assert await closed


def client_closes(listening: socket.socket, context: ssl.SSLContext) -> bool:
    """Answer one command, then send nothing, not even a close. Return whether the client closes its socket."""
    with context.wrap_socket(listening.accept()[0], server_side=True) as talk:
        talk.recv(1024)
        talk.send(b"+OK\r\n")
        with socket.socket(fileno=os.dup(talk.fileno())) as raw:
            raw.settimeout(10)
            try:
                while raw.recv(1024):
                    pass
            except ConnectionResetError:
                pass
            except TimeoutError:
                return False
            return True
