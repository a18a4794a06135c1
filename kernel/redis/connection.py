"""One connection to one Redis for batches of commands. Knows no command."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from kernel.redis.pipeline import Command

# To set a timer costs a tenth of what a command costs.
_ANSWERS_OF_A_TIMER = 100


class PipelineConnection:
    """Sends a batch and reads its answers, one batch at a time.

    The driver's pipeline does the same for nearly twice the CPU time: it fetches a connection from a pool for each
    batch, and sets a timer for each answer.
    """

    def __init__(self, *, connect: Callable[[], Awaitable[AbstractConnection]], patience: float) -> None:
        """`patience`: seconds that a hundred answers may take; after that the connection is given up."""
        self._connect = connect
        self._patience = patience
        self._connection: AbstractConnection | None = None

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, ResponseErrors among them. Whatever it raises, nobody knows which commands were carried out."""
        connection = await self._ready()
        try:
            return await self._ask(connection, commands)
        except BaseException:
            # Answers that are still to come would be taken for those of other commands.
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connection up, if there is one; the next batch has another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await hang_up(connection)

    async def _ready(self) -> AbstractConnection:
        # The server may have hung up while there was nothing to ask.
        if self._connection is not None and await self._connection.can_read():
            await self.close()
        if self._connection is None:
            self._connection = await self._connect()
        return self._connection

    async def _ask(self, connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
        now = asyncio.get_running_loop().time
        answers: list[Any] = []
        async with answered_within(self._patience) as patience:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            for start in range(0, len(commands), _ANSWERS_OF_A_TIMER):
                if start:
                    patience.reschedule(now() + self._patience)
                answers += [await _answer(connection) for _ in commands[start : start + _ANSWERS_OF_A_TIMER]]
        return answers


async def hang_up(connection: AbstractConnection) -> None:
    """Be done with a connection now. By itself one over TLS keeps its socket until the server says goodbye, or 30 s."""
    if (writer := connection._writer) is not None:  # noqa: SLF001
        writer.transport.abort()
    await connection.disconnect(nowait=True)


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Raise redis's TimeoutError when something takes longer; the timer may be set again."""
    try:
        async with asyncio.timeout(seconds) as timer:
            yield timer
    except TimeoutError:
        raise RedisTimeoutError(f"no answer within {seconds:g} s") from None


async def _answer(connection: AbstractConnection) -> Any:  # noqa: ANN401
    try:
        # As long as it takes: there is one timer for all of them.
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error
