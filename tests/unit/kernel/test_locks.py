"""Locks and slots per key."""

import asyncio
import gc

import pytest

from kernel.locks import KeyedLock, Slots


class Worker:
    """Reports when it holds the lock, and holds it until `leave`."""

    def __init__(self, locks: KeyedLock, *key: str) -> None:
        self.inside = asyncio.Event()
        self.may_leave = asyncio.Event()
        self.task = asyncio.create_task(self._work(locks, key))

    async def _work(self, locks: KeyedLock, key: tuple[str, ...]) -> None:
        async with locks.hold(*key):
            self.inside.set()
            await self.may_leave.wait()

    async def leave(self) -> None:
        self.may_leave.set()
        await self.task


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_tasks_with_the_same_key_take_turns_in_the_order_of_asking() -> None:
    locks = KeyedLock()
    first, second, third = (Worker(locks, "chat", "ann") for _ in range(3))
    await _settle()
    assert first.inside.is_set()
    assert not second.inside.is_set()

    await first.leave()
    await _settle()
    assert second.inside.is_set()
    assert not third.inside.is_set()

    await second.leave()
    await third.leave()


async def test_tasks_with_different_keys_do_not_wait_for_each_other() -> None:
    locks = KeyedLock()
    workers = [Worker(locks, "chat", "ann"), Worker(locks, "chat", "bob"), Worker(locks, "chat")]
    await _settle()

    assert all(worker.inside.is_set() for worker in workers)
    for worker in workers:
        await worker.leave()


async def test_a_failure_releases_the_lock() -> None:
    locks = KeyedLock()
    with pytest.raises(ConnectionError):
        async with locks.hold("key"):
            raise ConnectionError

    async with asyncio.timeout(1), locks.hold("key"):
        pass


async def test_a_cancelled_waiter_does_not_block_the_others() -> None:
    locks = KeyedLock()
    first, second, third = (Worker(locks, "key") for _ in range(3))
    await _settle()
    second.task.cancel()

    await first.leave()
    await _settle()

    assert second.task.cancelled()
    assert third.inside.is_set()
    await third.leave()


async def test_a_lock_that_nobody_holds_takes_no_memory() -> None:
    locks = KeyedLock()
    for number in range(100):
        async with locks.hold(number):
            pass
    gc.collect()

    assert len(locks._locks) == 0


def test_a_key_has_its_slots_again_after_the_blocks_that_held_them() -> None:
    slots = Slots(2)

    with slots.hold("ann"), slots.hold("ann"):
        assert slots.is_full("ann")
        assert not slots.is_full("bob")

    assert not slots.is_full("ann")
    with pytest.raises(RuntimeError), slots.hold("ann"), slots.hold("ann"):
        raise RuntimeError
    assert not slots.is_full("ann")
