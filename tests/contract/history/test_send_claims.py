"""Contract of SendClaims, run over every adapter."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from history.ports import SendClaims
from kernel.ids import created_at
from tests.builders import a_send_id
from tests.fakes import FakeClock
from tests.unit.history.builders import ANN, BOB

SEND, FIRST, SECOND = UUID(int=7), UUID(int=1), UUID(int=2)
HOUR = 3_600


@pytest.fixture
async def old_claims(claims: SendClaims, clock: FakeClock) -> SendClaims:
    """Claims that are all kept for two days."""
    await claims.claim(ANN, SEND, FIRST)
    clock.advance(48 * HOUR)
    return claims


async def test_the_first_claim_of_a_send_wins(claims: SendClaims) -> None:
    assert (await claims.claim(ANN, SEND, FIRST)).message_id == FIRST
    assert (await claims.claim(ANN, SEND, SECOND)).message_id == FIRST


async def test_the_same_name_of_another_sender_is_another_send(claims: SendClaims) -> None:
    await claims.claim(ANN, SEND, FIRST)

    assert (await claims.claim(BOB, SEND, SECOND)).message_id == SECOND


@pytest.mark.parametrize("age", [-60, 0, 60, 23 * HOUR])
async def test_a_new_send_is_first(old_claims: SendClaims, clock: FakeClock, age: int) -> None:
    send = a_send_id(clock.now() - timedelta(seconds=age))

    assert (await old_claims.claim(ANN, send, FIRST)).is_first
    assert not (await old_claims.claim(ANN, send, FIRST)).is_first


async def test_a_send_from_before_the_claims_is_not_first(claims: SendClaims, clock: FakeClock) -> None:
    before = a_send_id(clock.now() - timedelta(seconds=1))
    await claims.claim(ANN, SEND, FIRST)
    # The client's clock was nearly a minute ahead.
    before_too = a_send_id(clock.now() + timedelta(seconds=59))
    clock.advance(HOUR)

    assert not (await claims.claim(ANN, before, SECOND)).is_first
    assert not (await claims.claim(ANN, before_too, SECOND)).is_first


async def test_a_send_that_is_older_than_claims_live_is_not_first(old_claims: SendClaims, clock: FakeClock) -> None:
    day_old = a_send_id(clock.now() - timedelta(hours=24))
    # It was created a minute later, and sent when its claim would be gone by now.
    day_old_by_a_fast_clock = a_send_id(clock.now() - timedelta(hours=24, seconds=-60))

    assert not (await old_claims.claim(ANN, day_old, FIRST)).is_first
    assert not (await old_claims.claim(ANN, day_old_by_a_fast_clock, FIRST)).is_first


async def test_a_send_from_the_future_is_not_first(old_claims: SendClaims, clock: FakeClock) -> None:
    ahead = a_send_id(clock.now() + timedelta(hours=36))

    assert not (await old_claims.claim(ANN, ahead, FIRST)).is_first

    clock.advance(36 * HOUR)
    again = await old_claims.claim(ANN, ahead, SECOND)
    assert (again.message_id, again.is_first) == (FIRST, False), "now its time has come"


async def test_a_send_without_a_time_is_not_first(old_claims: SendClaims) -> None:
    send = uuid4()

    assert created_at(send) is None
    assert not (await old_claims.claim(ANN, send, FIRST)).is_first
