"""The pipeline that all commands of a process to Redis share. Contains no commands."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from redis.exceptions import AuthenticationError, NoPermissionError, NoScriptError, RedisClusterException, RedisError

from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.redis.protocol import Command
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from kernel.tls import tls_problem

# RedisClusterException is not a RedisError. uvloop raises RuntimeError if a connection is reset between two writes.
UNREACHABLE = (RedisError, RedisClusterException, OSError, TimeoutError, RuntimeError)
BACKOFF = Backoff(first=0.25, longest=0.25)
_LARGEST_BATCH = 1_000


def is_unreachable(error: Exception) -> bool:
    """Return whether the error is one of UNREACHABLE."""
    return isinstance(error, UNREACHABLE)


def describe(error: BaseException) -> str:
    """Return one line about a failed attempt. It names the setting that is wrong, if the error shows it."""
    problem = tls_problem(error, trust="CHATLY_REDIS_CA_FILE", name="CHATLY_REDIS_URL")
    if problem is None and isinstance(error, (AuthenticationError, NoPermissionError)):
        problem = f"{error} (see CHATLY_REDIS_PASSWORD, and the user in CHATLY_REDIS_URL)"
    return " ".join((problem or str(error) or type(error).__name__).split())


def no_hint(_problem: str) -> str:
    """Return an empty hint."""
    return ""


class SharedPipeline:
    """Sends commands in batches: those that are submitted during one turn of the event loop, or during the last batch.

    Commands are sent in the order of submission and never retried. While Redis is unreachable, every command fails at
    once, and the pipeline checks regularly whether Redis answers again.
    """

    def __init__(
        self,
        *,
        send: Callable[[Sequence[Command]], Awaitable[list[Any]]],
        probe: Callable[[], Awaitable[object]],
        server: str,
        hint: Callable[[str], str] = no_hint,
        capacity: int = 20_000,
    ) -> None:
        """`send` returns the responses to a batch, errors included. It raises one of UNREACHABLE if it gets none.

        `probe` returns if the server answers. `server`: its name in messages. `hint` returns a text that is added to
        the error of a server that has never answered. `capacity`: number of commands that may wait.
        """
        self._send = send
        self._probe = probe
        self._server = server
        self._hint = hint
        self._answered = False
        self._capacity = capacity
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._arrived = asyncio.Event()
        self._problem = ""
        """The reason why all commands fail at the moment. It is empty while Redis answers."""

    @property
    def crowded(self) -> bool:
        """Whether so many commands wait that callers should slow down."""
        return len(self._waiting) > self._capacity // 4

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Add a command to the next batch, and return the future of its response.

        The future fails with ChatlyError `STORE_UNAVAILABLE`, or with NoScriptError.
        """
        response: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._problem:
            response.set_exception(self._error(self._problem))
        elif len(self._waiting) >= self._capacity:
            response.set_exception(self._error("too many commands wait"))
        else:
            self._waiting.append((command, response))
            self._arrived.set()
        return response

    async def run(self) -> None:
        """Send the submitted commands, until cancelled."""
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
            responses = await self._send([command for command, _ in batch])
        except UNREACHABLE as error:
            await self._wait_until_reachable(error, batch)
        except BaseException:
            # The pipeline is being closed: `run` fails these commands with the others.
            self._waiting.extendleft(reversed(batch))
            raise
        else:
            self._answered = True
            for (_, response), value in zip(batch, responses, strict=True):
                self._complete(response, value)

    async def _wait_until_reachable(
        self, error: BaseException, batch: list[tuple[Command, asyncio.Future[Any]]]
    ) -> None:
        problem = describe(error)
        self._problem = problem if self._answered else problem + self._hint(problem)
        self._fail(batch, self._problem)
        self._fail(self._waiting, self._problem)
        self._waiting.clear()
        log = logger("redis")
        log.warning("redis is unreachable", server=self._server, error=self._problem)
        await retry(self._probe, report=lambda _: None, backoff=BACKOFF, is_temporary=is_unreachable)
        self._problem = ""
        log.info("redis answers again", server=self._server)

    def _complete(self, response: asyncio.Future[Any], value: object) -> None:
        # The caller may have been cancelled.
        if response.done():
            return
        if isinstance(value, NoScriptError):
            response.set_exception(value)
        elif isinstance(value, Exception):
            response.set_exception(self._error(str(value)))
        else:
            response.set_result(value)

    def _fail(self, commands: Iterable[tuple[Command, asyncio.Future[Any]]], problem: str) -> None:
        for _, response in commands:
            if not response.done():
                response.set_exception(self._error(problem))

    def _error(self, problem: str) -> ChatlyError:
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._server}: {problem}")
