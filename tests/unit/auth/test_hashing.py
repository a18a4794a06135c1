"""Which clients get the threads that hash passwords, and which calls are refused."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from kernel.errors import ChatlyError, Code, KernelReason
from services.auth.hashing import HALF_LIFE, Client, FairThreads
from tests.fakes import FakeClock

BUSY, OTHER = "198.51.100.1", "192.0.2.1"


class Work:
    """Work that waits for `open`, and records which clients were served, in order."""

    def __init__(self, threads: FairThreads) -> None:
        self._threads = threads
        self.open = threading.Event()
        self.served: list[Client] = []

    def start(self, network: str, account: str = "") -> "asyncio.Task[None]":
        client = Client(network, account)
        return asyncio.create_task(self._threads.run(client, lambda: self._work(client)))

    def _work(self, client: Client) -> None:
        assert self.open.wait(10)
        self.served.append(client)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def work(clock: FakeClock) -> Iterator[Work]:
    with closing(FairThreads(name="test", threads=1, queue=8, clock=clock)) as threads:
        work = Work(threads)
        yield work
        work.open.set()


async def test_an_address_with_many_calls_delays_only_itself(work: Work) -> None:
    tasks = [work.start(BUSY) for _ in range(6)]
    await asyncio.sleep(0)
    tasks.append(work.start(OTHER))
    await asyncio.sleep(0)

    work.open.set()
    await asyncio.gather(*tasks)

    assert [client.network for client in work.served[:3]] == [BUSY, OTHER, BUSY]


async def test_a_new_address_comes_before_addresses_that_hashed_recently(work: Work) -> None:
    work.open.set()
    hammering = [f"198.51.100.{number}" for number in range(6)]
    await asyncio.gather(*(work.start(address) for address in hammering))
    work.served.clear()
    work.open.clear()
    tasks = [work.start(address) for address in hammering]
    await asyncio.sleep(0)
    tasks.append(work.start(OTHER))
    await asyncio.sleep(0)

    work.open.set()
    await asyncio.gather(*tasks)

    # The first call was running already.
    assert work.served[1].network == OTHER


async def test_past_use_is_forgotten(work: Work, clock: FakeClock) -> None:
    work.open.set()
    for _ in range(5):
        await work.start(BUSY)
    clock.advance(HALF_LIFE * 10)
    await work.start(OTHER)
    work.served.clear()
    work.open.clear()
    tasks = [work.start("203.0.113.9"), work.start(OTHER), work.start(BUSY)]
    await asyncio.sleep(0)

    work.open.set()
    await asyncio.gather(*tasks)

    assert [client.network for client in work.served[1:]] == [BUSY, OTHER]


async def test_accounts_behind_one_address_take_turns(work: Work) -> None:
    tasks = [work.start(BUSY, "mallory") for _ in range(5)]
    await asyncio.sleep(0)
    tasks.append(work.start(BUSY, "alice"))
    await asyncio.sleep(0)

    work.open.set()
    await asyncio.gather(*tasks)

    assert work.served[1].account == "alice"


async def test_a_full_queue_refuses_the_busiest_client_and_not_the_newcomer(work: Work) -> None:
    tasks = [work.start(BUSY) for _ in range(9)]
    await asyncio.sleep(0)
    newcomer = work.start(OTHER)
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    work.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await newcomer

    (error,) = [result for result in results if result is not None]
    assert isinstance(error, ChatlyError)
    assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED)
    assert error.retry_after
    assert results[-1] is error


async def test_a_cancelled_call_does_not_run(work: Work) -> None:
    running, waiting = work.start(BUSY, "runs"), work.start(BUSY, "waits")
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    work.open.set()
    await running

    assert waiting.cancelled()
    assert [client.account for client in work.served] == ["runs"]
    await work.start(OTHER)


async def test_an_exception_reaches_the_caller_and_the_thread_works_on(work: Work) -> None:
    work.open.set()
    with closing(FairThreads(name="test", threads=1, queue=1, clock=FakeClock())) as threads:
        with pytest.raises(ZeroDivisionError):
            await threads.run(Client(OTHER), lambda: 1 // 0)

        assert await threads.run(Client(OTHER), lambda: 1) == 1
