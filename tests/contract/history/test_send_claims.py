"""Contract of SendClaims, run over every adapter."""

from uuid import UUID

from history.ports import SendClaims
from tests.unit.history.builders import ANN, BOB

SEND, FIRST, SECOND = UUID(int=7), UUID(int=1), UUID(int=2)


async def test_the_first_claim_of_a_send_wins(claims: SendClaims) -> None:
    assert await claims.claim(ANN, SEND, FIRST) == FIRST
    assert await claims.claim(ANN, SEND, SECOND) == FIRST


async def test_the_same_name_of_another_sender_is_another_send(claims: SendClaims) -> None:
    await claims.claim(ANN, SEND, FIRST)

    assert await claims.claim(BOB, SEND, SECOND) == SECOND
