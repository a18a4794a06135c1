"""Threads that hash passwords, and a bounded queue that serves the clients with the least recent use first."""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from kernel.cache import BoundedCache
from kernel.time import Clock
from services.auth.errors import rate_limited

T = TypeVar("T")

HALF_LIFE = 30.0
"""After this many seconds, a client's past use counts half."""
_NICENESS = 10
_REMEMBERED_CLIENTS = 20_000


@dataclass(frozen=True, slots=True)
class Client:
    """The caller of a hash: a network, or a user who is logged in, and the account that the call is about."""

    network: str
    account: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Job(Generic[T]):
    number: int
    client: Client
    work: Callable[[], T]
    result: "asyncio.Future[T]"


class _RecentUse:
    """How many hashes each client has started recently. Past use decays with HALF_LIFE."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._amounts: BoundedCache[object, tuple[float, float]] = BoundedCache(capacity=_REMEMBERED_CLIENTS)

    def of(self, key: object) -> float:
        amount, at = self._amounts.peek(key) or (0.0, 0.0)
        return float(amount * 0.5 ** ((self._clock.monotonic() - at) / HALF_LIFE)) if amount else 0.0

    def add(self, key: object) -> None:
        self._amounts.put(key, (self.of(key) + 1, self._clock.monotonic()))


class FairThreads:
    """Threads for work of many clients. For one event loop.

    Among waiting calls, the network with the least recent use comes first, and within it the account with the least
    recent use. So an address that sends many calls delays its own calls, not those of others. When the queue is full, a
    call of the network with the most recent use and waiting calls is refused.
    """

    def __init__(self, *, name: str, threads: int, queue: int, clock: Clock) -> None:
        """`queue`: how many calls may wait for a thread."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=_lower_priority)
        self._idle = threads
        self._queue = queue
        self._use = _RecentUse(clock)
        self._waiting: list[_Job[Any]] = []
        self._numbers = count()

    async def run(self, client: Client, work: Callable[[], T]) -> T:
        """Run `work` in a thread and return its result. Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` if the queue is full.

        If the caller is cancelled while it waits, `work` does not run.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(next(self._numbers), client, work, result)
        if self._idle:
            self._start(job)
        else:
            self._enqueue(job)
        try:
            return await result
        finally:
            if job in self._waiting:
                self._waiting.remove(job)

    def close(self) -> None:
        """Cancel waiting calls and stop the threads."""
        for job in self._waiting:
            job.result.cancel()
        self._waiting.clear()
        self._pool.shutdown(cancel_futures=True)

    def _enqueue(self, job: _Job[Any]) -> None:
        self._waiting.append(job)
        if len(self._waiting) > self._queue:
            refused = self._heaviest()
            self._waiting.remove(refused)
            refused.result.set_exception(rate_limited("too many password checks, please retry", retry_after=2.0))

    def _heaviest(self) -> _Job[Any]:
        """Return the last waiting call of the network, and of the account in it, with the most recent use."""
        networks = Counter(job.client.network for job in self._waiting)
        clients = Counter(job.client for job in self._waiting)

        def load(job: _Job[Any]) -> tuple[float, float, int]:
            network, client = job.client.network, job.client
            return self._use.of(network) + networks[network], self._use.of(client) + clients[client], job.number

        return max(self._waiting, key=load)

    def _order(self, job: _Job[Any]) -> tuple[float, float, int]:
        return self._use.of(job.client.network), self._use.of(job.client), job.number

    def _start(self, job: _Job[Any]) -> None:
        self._idle -= 1
        self._use.add(job.client.network)
        self._use.add(job.client)
        loop = asyncio.get_running_loop()
        done = self._pool.submit(job.work)
        done.add_done_callback(lambda done: _in_loop(loop, self._finish, job, done))

    def _finish(self, job: _Job[Any], done: "Future[Any]") -> None:
        self._idle += 1
        if not job.result.done():
            _copy_result(done, job.result)
        if self._waiting and not done.cancelled():
            following = min(self._waiting, key=self._order)
            self._waiting.remove(following)
            self._start(following)


def _copy_result(done: "Future[T]", result: "asyncio.Future[T]") -> None:
    if done.cancelled():
        result.cancel()
    elif error := done.exception():
        result.set_exception(error)
    else:
        result.set_result(done.result())


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object) -> None:
    # The loop is closed if the process stops while a thread still works.
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *arguments)


def _lower_priority() -> None:
    """Give this thread less CPU time than the event loop. On Linux, a thread has a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
