"""A connection to one Redis server for batches of commands. Contains no commands."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from kernel.redis.pipeline import Command

_RESPONSES_PER_DEADLINE = 100
_CHECKS_PER_TIMEOUT = 20


class _Watchdog:
    """Aborts a connection when a deadline passes, at most a twentieth of the timeout late.

    One timer watches many batches, because setting a timer for each batch takes as long as a few commands.
    """

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout
        self._connection: AbstractConnection | None = None
        self._deadline = 0.0
        self._checking = False
        self.expired = False

    def watch(self, connection: AbstractConnection) -> None:
        """Abort the connection unless `watch` or `stop` is called within the timeout."""
        loop = asyncio.get_running_loop()
        self._connection, self._deadline, self.expired = connection, loop.time() + self._timeout, False
        if not self._checking:
            self._checking = True
            loop.call_later(self._timeout / _CHECKS_PER_TIMEOUT, self._check, loop)

    def stop(self) -> None:
        """Stop watching. The timer runs on until a whole timeout has passed without a batch."""
        self._connection = None

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() < self._deadline:
            loop.call_later(self._timeout / _CHECKS_PER_TIMEOUT, self._check, loop)
            return
        self._checking = False
        if self._connection is not None:
            self.expired = True
            _abort(self._connection)


class PipelineConnection:
    """Sends a batch and reads the responses, one batch at a time.

    The driver's pipeline takes nearly twice the CPU time: it gets a connection from a pool for each batch, and sets a
    timer for each response.
    """

    def __init__(self, *, connect: Callable[[], Awaitable[AbstractConnection]], timeout: float) -> None:
        """`timeout`: seconds that a hundred responses may take. If they take longer, the connection is closed."""
        self._connect = connect
        self._timeout = timeout
        self._watchdog = _Watchdog(timeout=timeout)
        self._connection: AbstractConnection | None = None

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands and return the responses, ResponseErrors included.

        If this method raises, some of the commands may have been executed.
        """
        connection = await self._ready()
        try:
            return await self._ask(connection, commands)
        except BaseException:
            # Late responses must not be taken for responses to other commands.
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection, if there is one. The next batch opens a new connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close_now(connection)

    async def _ready(self) -> AbstractConnection:
        # The server may have closed an idle connection.
        if self._connection is not None and await self._connection.can_read():
            await self.close()
        if self._connection is None:
            self._connection = await self._connect()
        return self._connection

    async def _ask(self, connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
        responses: list[Any] = []
        self._watchdog.watch(connection)
        try:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            for start in range(0, len(commands), _RESPONSES_PER_DEADLINE):
                if start:
                    self._watchdog.watch(connection)
                responses += [await _response(connection) for _ in commands[start : start + _RESPONSES_PER_DEADLINE]]
        except Exception as error:
            if self._watchdog.expired:
                raise RedisTimeoutError(f"no response within {self._timeout:g} s") from error
            raise
        finally:
            self._watchdog.stop()
        return responses


async def close_now(connection: AbstractConnection) -> None:
    """Close a connection at once. A TLS connection would keep its socket until the server closes it, or for 30 s."""
    _abort(connection)
    await connection.disconnect(nowait=True)


def _abort(connection: AbstractConnection) -> None:
    if (writer := connection._writer) is not None:  # noqa: SLF001
        writer.transport.abort()


@asynccontextmanager
async def response_within(seconds: float) -> AsyncIterator[None]:
    """Raise redis's TimeoutError if the block takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise RedisTimeoutError(f"no response within {seconds:g} s") from None


async def _response(connection: AbstractConnection) -> Any:  # noqa: ANN401
    try:
        # No timeout here: the watchdog covers all responses.
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error
