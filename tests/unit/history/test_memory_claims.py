"""The capacity of the claims in memory."""

from uuid import UUID

from history.unstored.memory import MemorySendClaims
from tests.unit.history.builders import ANN


async def test_the_oldest_claims_are_forgotten_first() -> None:
    claims = MemorySendClaims(capacity=2)
    for number in (1, 2, 3):
        await claims.claim(ANN, UUID(int=number), UUID(int=number))

    assert await claims.claim(ANN, UUID(int=3), UUID(int=99)) == UUID(int=3)
    assert await claims.claim(ANN, UUID(int=1), UUID(int=99)) == UUID(int=99)
