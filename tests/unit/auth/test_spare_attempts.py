"""Guessing is slowed down also while what all nodes count together is away."""

from collections.abc import Collection

from kernel.errors import KernelReason, unavailable
from services.auth.adapters.fallback.attempts import SpareAttempts
from services.auth.adapters.memory.attempts import MemoryAttempts
from tests.fakes import FakeClock


class SharedAttempts(MemoryAttempts):
    """Counts that can be out of reach."""

    away = False

    async def wait(self, keys: Collection[str]) -> float:
        self._check()
        return await super().wait(keys)

    async def failed(self, keys: Collection[str]) -> None:
        self._check()
        await super().failed(keys)

    async def succeeded(self, key: str) -> None:
        self._check()
        await super().succeeded(key)

    def _check(self) -> None:
        if self.away:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "away")


def a_node(shared: SharedAttempts) -> SpareAttempts:
    return SpareAttempts(shared=shared, spare=MemoryAttempts(clock=FakeClock()))


async def test_what_one_node_counts_holds_on_the_others() -> None:
    shared = SharedAttempts(clock=FakeClock())
    here, there = a_node(shared), a_node(shared)
    for _ in range(5):
        await here.failed(["ann"])

    assert await there.wait(["ann"]) == 1
    await there.succeeded("ann")
    assert await here.wait(["ann"]) == 0


async def test_a_node_goes_on_counting_by_itself() -> None:
    shared = SharedAttempts(clock=FakeClock())
    node = a_node(shared)
    for _ in range(4):
        await node.failed(["ann"])
    shared.away = True
    assert await node.wait(["ann"]) == 0
    await node.failed(["ann"])

    assert await node.wait(["ann"]) == 1
    await node.succeeded("ann")
    assert await node.wait(["ann"]) == 0
