"""One server's connection for batches of commands. Contains no commands."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from redis.exceptions import TimeoutError as RedisTimeoutError

from kernel.deadlines import Deadlines
from kernel.redis.protocol import Command, RedisConnection

_RESPONSES_PER_DEADLINE = 100


class PipelineConnection:
    """Sends a batch and reads the responses, one batch at a time."""

    def __init__(self, *, connect: Callable[[], Awaitable[RedisConnection]], timeout: float) -> None:
        """`timeout`: seconds that a hundred responses may take. If they take longer, the connection is closed."""
        self._connect = connect
        self._deadlines = Deadlines()
        self._timeout = timeout
        self._connection: RedisConnection | None = None

    async def __call__(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands and return the responses, ResponseErrors included.

        If this method raises, some of the commands may have been executed.
        """
        connection = await self._ready()
        try:
            return await self._ask(connection, commands)
        except BaseException:
            # Late responses must not be taken for responses to other commands.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one. The next batch opens a new connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _ready(self) -> RedisConnection:
        # The server may have closed an idle connection.
        if self._connection is None or not self._connection.ready:
            self.close()
            self._connection = await self._connect()
        return self._connection

    async def _ask(self, connection: RedisConnection, commands: Sequence[Command]) -> list[Any]:
        responses: list[Any] = []
        connection.write(commands)
        while missing := len(commands) - len(responses):
            deadline = self._deadlines.after(self._timeout, partial(self._give_up, connection))
            try:
                responses += await connection.responses(min(missing, _RESPONSES_PER_DEADLINE))
            finally:
                deadline.cancel()
        return responses

    def _give_up(self, connection: RedisConnection) -> None:
        connection.close(RedisTimeoutError(f"no response within {self._timeout:g} s"))
