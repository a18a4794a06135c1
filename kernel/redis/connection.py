"""A connection to one Redis server for batches of commands. Contains no commands."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from kernel.deadlines import Deadline, Deadlines
from kernel.redis.pipeline import Command

_RESPONSES_PER_DEADLINE = 100


class PipelineConnection:
    """Sends a batch and reads the responses, one batch at a time.

    The driver's pipeline takes nearly twice the CPU time: it gets a connection from a pool for each batch, and sets a
    timer for each response.
    """

    def __init__(self, *, connect: Callable[[], Awaitable[AbstractConnection]], timeout: float) -> None:
        """`timeout`: seconds that a hundred responses may take. If they take longer, the connection is closed."""
        self._connect = connect
        self._timeout = timeout
        self._deadlines = Deadlines()
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
        deadline = self._deadline(connection)
        try:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            for start in range(0, len(commands), _RESPONSES_PER_DEADLINE):
                if start:
                    deadline.cancel()
                    deadline = self._deadline(connection)
                responses += [await _response(connection) for _ in commands[start : start + _RESPONSES_PER_DEADLINE]]
        except Exception as error:
            if deadline.passed:
                raise RedisTimeoutError(f"no response within {self._timeout:g} s") from error
            raise
        finally:
            deadline.cancel()
        return responses

    def _deadline(self, connection: AbstractConnection) -> Deadline:
        return self._deadlines.after(self._timeout, partial(_abort, connection))


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
        # No timeout here: `_ask` sets one for many responses.
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error
