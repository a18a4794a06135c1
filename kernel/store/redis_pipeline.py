"""The one pipeline that all of a process's commands to Redis share. Knows no command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError, RedisError

from kernel.errors import ChatlyError, Reason, unavailable
from kernel.telemetry.logs import logger

Part = str | bytes | int | float
Command = tuple[Part, ...]

AWAY = (RedisError, OSError, TimeoutError)
_LARGEST_BATCH = 1_000
_PAUSE_SECONDS = 0.25


class SharedPipeline:
    """Sends together what is asked for while the event loop turns once, or while the commands before are on their way.

    In the order in which they were asked for, and never twice: nothing is retried. While Redis is away every command
    fails at once, and the pipeline looks for it again and again.
    """

    def __init__(
        self,
        *,
        client: Redis | RedisCluster,
        probe: Callable[[], Awaitable[object]],
        place: str,
        capacity: int = 20_000,
    ) -> None:
        """`probe`: returns if the server is there; `place`: what to call it; `capacity`: commands that may wait."""
        self._client = client
        self._probe = probe
        self._place = place
        self._capacity = capacity
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._arrived = asyncio.Event()
        self._trouble: ChatlyError | None = None

    @property
    def crowded(self) -> bool:
        """Whether so many commands wait that whoever can wait should."""
        return len(self._waiting) > self._capacity // 4

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The answer, in time. It fails with ChatlyError `STORE_UNAVAILABLE`, or NoScriptError."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._trouble is not None:
            answer.set_exception(self._trouble)
        elif len(self._waiting) >= self._capacity:
            answer.set_exception(unavailable(Reason.STORE_UNAVAILABLE, f"{self._place}: too many commands wait"))
        else:
            self._waiting.append((command, answer))
            self._arrived.set()
        return answer

    async def run(self) -> None:
        """For ever: send what was submitted."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    await self._send_batch()
        finally:
            self._fail(self._waiting, unavailable(Reason.STORE_UNAVAILABLE, f"{self._place}: closed"))

    async def _send_batch(self) -> None:
        batch = list(islice(self._waiting, _LARGEST_BATCH))
        for _ in batch:
            self._waiting.popleft()
        try:
            answers = await self._send([command for command, _ in batch])
        except AWAY as error:
            await self._outlast(error, batch)
        except BaseException:
            # Told to end: nobody shall wait for these for ever.
            self._waiting.extendleft(reversed(batch))
            raise
        else:
            for (_, answer), value in zip(batch, answers, strict=True):
                self._settle(answer, value)

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    async def _outlast(self, error: BaseException, batch: list[tuple[Command, asyncio.Future[Any]]]) -> None:
        self._trouble = self._explained(error)
        self._fail(batch, self._trouble)
        self._fail(self._waiting, self._trouble)
        self._waiting.clear()
        log = logger("redis")
        log.warning("redis is away", place=self._place, error=str(error))
        while not await self._answers():  # noqa: ASYNC110 - nothing but asking tells
            await asyncio.sleep(_PAUSE_SECONDS)
        self._trouble = None
        log.info("redis is back", place=self._place)

    async def _answers(self) -> bool:
        try:
            await self._probe()
        except AWAY:
            return False
        return True

    def _settle(self, answer: asyncio.Future[Any], value: object) -> None:
        # Whoever asked may have been cancelled.
        if answer.done():
            return
        if isinstance(value, NoScriptError):
            answer.set_exception(value)
        elif isinstance(value, Exception):
            answer.set_exception(self._explained(value))
        else:
            answer.set_result(value)

    @staticmethod
    def _fail(commands: Sequence[tuple[Command, asyncio.Future[Any]]], error: ChatlyError) -> None:
        for _, answer in commands:
            if not answer.done():
                answer.set_exception(error)

    def _explained(self, error: BaseException) -> ChatlyError:
        return unavailable(Reason.STORE_UNAVAILABLE, f"{self._place}: {str(error) or type(error).__name__}")
