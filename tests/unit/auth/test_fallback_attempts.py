"""Guesses are delayed while the shared counts are unavailable."""

from collections.abc import Collection

from kernel.errors import KernelReason, unavailable
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.redis import FallbackAttempts
from tests.fakes import FakeClock


class SharedAttempts(MemoryAttempts):
    """Shared counts that fail while `unavailable` is set."""

    unavailable = False

    async def delay(self, keys: Collection[str]) -> float:
        self._check()
        return await super().delay(keys)

    async def record_failure(self, keys: Collection[str]) -> None:
        self._check()
        await super().record_failure(keys)

    async def record_success(self, key: str) -> None:
        self._check()
        await super().record_success(key)

    def _check(self) -> None:
        if self.unavailable:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")


def a_node(shared: SharedAttempts) -> FallbackAttempts:
    return FallbackAttempts(shared=shared, local=MemoryAttempts(clock=FakeClock()))


async def test_failures_count_on_all_nodes() -> None:
    shared = SharedAttempts(clock=FakeClock())
    here, there = a_node(shared), a_node(shared)
    for _ in range(5):
        await here.record_failure(["ann"])

    assert await there.delay(["ann"]) == 1
    await there.record_success("ann")
    assert await here.delay(["ann"]) == 0


async def test_a_node_uses_its_own_counts_during_an_outage() -> None:
    shared = SharedAttempts(clock=FakeClock())
    node = a_node(shared)
    for _ in range(4):
        await node.record_failure(["ann"])
    shared.unavailable = True
    assert await node.delay(["ann"]) == 0
    await node.record_failure(["ann"])

    assert await node.delay(["ann"]) == 1
    await node.record_success("ann")
    assert await node.delay(["ann"]) == 0
