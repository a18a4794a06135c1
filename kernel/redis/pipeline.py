"""The one pipeline that all of a process's commands to Redis share. Knows no command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from redis.exceptions import AuthenticationError, NoPermissionError, NoScriptError, RedisClusterException, RedisError

from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.tls import tls_problem

Part = str | bytes | int | float
Command = tuple[Part, ...]

# The second is no RedisError. The last is what uvloop says of a connection that was reset between two writes.
UNREACHABLE = (RedisError, RedisClusterException, OSError, TimeoutError, RuntimeError)
_LARGEST_BATCH = 1_000
BACKOFF = Backoff(first=0.25, longest=0.25)


def is_unreachable(error: Exception) -> bool:
    """Return whether the error is one of UNREACHABLE."""
    return isinstance(error, UNREACHABLE)


def why(error: BaseException) -> str:
    """What a failed attempt says, in one line that names the setting where one is wrong."""
    trouble = tls_problem(error, trust="CHATLY_REDIS_CA_FILE", name="CHATLY_REDIS_URL")
    if trouble is None and isinstance(error, (AuthenticationError, NoPermissionError)):
        trouble = f"{error} (see CHATLY_REDIS_PASSWORD, and the user in CHATLY_REDIS_URL)"
    return " ".join((trouble or str(error) or type(error).__name__).split())


def nothing_to_add(_told: str) -> str:
    """What has no hint has this one."""
    return ""


class SharedPipeline:
    """Sends together what is asked for while the event loop turns once, or while the commands before are on their way.

    In the order in which they were asked for, and never twice: nothing is retried. While Redis is away every command
    fails at once, and the pipeline looks for it again and again.
    """

    def __init__(
        self,
        *,
        send: Callable[[Sequence[Command]], Awaitable[list[Any]]],
        probe: Callable[[], Awaitable[object]],
        place: str,
        hint: Callable[[str], str] = nothing_to_add,
        capacity: int = 20_000,
    ) -> None:
        """`send` returns a batch's answers, errors among them, and raises one of UNREACHABLE when there are none.

        `probe`: returns if the server is there; `place`: what to call it; `hint`: what to add to what is told of a
        server that has never answered; `capacity`: commands that may wait.
        """
        self._send = send
        self._probe = probe
        self._place = place
        self._hint = hint
        self._answered = False
        self._capacity = capacity
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._arrived = asyncio.Event()
        self._trouble = ""
        """Why everything fails now, if it does."""

    @property
    def crowded(self) -> bool:
        """Whether so many commands wait that whoever can wait should."""
        return len(self._waiting) > self._capacity // 4

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """The answer, in time. It fails with ChatlyError `STORE_UNAVAILABLE`, or NoScriptError."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._trouble:
            answer.set_exception(self._error(self._trouble))
        elif len(self._waiting) >= self._capacity:
            answer.set_exception(self._error("too many commands wait"))
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
            self._fail(self._waiting, "closed")

    async def _send_batch(self) -> None:
        batch = list(islice(self._waiting, _LARGEST_BATCH))
        for _ in batch:
            self._waiting.popleft()
        try:
            answers = await self._send([command for command, _ in batch])
        except UNREACHABLE as error:
            await self._outlast(error, batch)
        except BaseException:
            # Told to end: nobody shall wait for these for ever.
            self._waiting.extendleft(reversed(batch))
            raise
        else:
            self._answered = True
            for (_, answer), value in zip(batch, answers, strict=True):
                self._settle(answer, value)

    async def _outlast(self, error: BaseException, batch: list[tuple[Command, asyncio.Future[Any]]]) -> None:
        told = why(error)
        self._trouble = told if self._answered else told + self._hint(told)
        self._fail(batch, self._trouble)
        self._fail(self._waiting, self._trouble)
        self._waiting.clear()
        log = logger("redis")
        log.warning("redis is away", place=self._place, error=self._trouble)
        await retry(self._probe, report=lambda _: None, backoff=BACKOFF, is_temporary=is_unreachable)
        self._trouble = ""
        log.info("redis is back", place=self._place)

    def _settle(self, answer: asyncio.Future[Any], value: object) -> None:
        # Whoever asked may have been cancelled.
        if answer.done():
            return
        if isinstance(value, NoScriptError):
            answer.set_exception(value)
        elif isinstance(value, Exception):
            answer.set_exception(self._error(str(value)))
        else:
            answer.set_result(value)

    def _fail(self, commands: Iterable[tuple[Command, asyncio.Future[Any]]], why: str) -> None:
        for _, answer in commands:
            if not answer.done():
                answer.set_exception(self._error(why))

    def _error(self, why: str) -> ChatlyError:
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._place}: {why}")
