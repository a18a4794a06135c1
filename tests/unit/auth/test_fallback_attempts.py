"""Guesses are delayed while the shared counts are unavailable."""

from collections.abc import Sequence

from kernel.errors import KernelReason, unavailable
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.redis import FallbackAttempts
from services.auth.attempts import AttemptLimit
from tests.fakes import FakeClock


class SharedAttempts(MemoryAttempts):
    """Shared counts that fail while `unavailable` is set."""

    unavailable = False

    async def begin(self, limits: Sequence[AttemptLimit]) -> float:
        self._check()
        return await super().begin(limits)

    async def forgive(self, key: str, failures: int) -> None:
        self._check()
        await super().forgive(key, failures)

    async def reset(self, key: str) -> int:
        self._check()
        return await super().reset(key)

    def _check(self) -> None:
        if self.unavailable:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "the store is unavailable")


def a_node(shared: SharedAttempts) -> FallbackAttempts:
    return FallbackAttempts(shared=shared, local=MemoryAttempts(clock=FakeClock()))


ANN = [AttemptLimit("ann", free=5)]


async def test_failures_count_on_all_nodes() -> None:
    shared = SharedAttempts(clock=FakeClock())
    here, there = a_node(shared), a_node(shared)
    for _ in range(5):
        await here.begin(ANN)

    assert await there.begin(ANN) == 1
    await there.forgive("ann", 1)
    assert await here.begin(ANN) == 0
    assert await there.reset("ann") == 5
    assert await here.begin(ANN) == 0


async def test_a_node_uses_its_own_counts_during_an_outage() -> None:
    shared = SharedAttempts(clock=FakeClock())
    node = a_node(shared)
    for _ in range(4):
        await node.begin(ANN)
    shared.unavailable = True
    assert await node.begin(ANN) == 0

    assert await node.begin(ANN) == 1
    await node.forgive("ann", 1)
    assert await node.begin(ANN) == 0
    assert await node.reset("ann") == 5
    assert await node.begin(ANN) == 0
