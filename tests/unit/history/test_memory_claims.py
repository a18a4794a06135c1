"""The capacity of the claims in memory, and how long claims are kept."""

from datetime import timedelta
from uuid import UUID

from history.unstored.claims import MemorySendClaims, claim_seconds
from tests.builders import NOON, a_send_id
from tests.fakes import FakeClock
from tests.unit.history.builders import ANN

HOUR = 3_600


async def test_the_oldest_claims_are_forgotten_first() -> None:
    claims = MemorySendClaims(clock=FakeClock(), capacity=2)
    for number in (1, 2, 3):
        await claims.claim(ANN, UUID(int=number), UUID(int=number))

    assert (await claims.claim(ANN, UUID(int=3), UUID(int=99))).message_id == UUID(int=3)
    assert (await claims.claim(ANN, UUID(int=1), UUID(int=99))).message_id == UUID(int=99)


async def test_a_forgotten_send_is_not_first_and_later_ones_are() -> None:
    clock = FakeClock()
    claims = MemorySendClaims(clock=clock, capacity=2)
    clock.advance(HOUR)
    sends = [a_send_id(clock.now())]
    await claims.claim(ANN, sends[0], UUID(int=1))
    for _ in range(2):
        clock.advance(HOUR)
        sends.append(a_send_id(clock.now()))
        assert (await claims.claim(ANN, sends[-1], UUID(int=2))).is_first

    again = await claims.claim(ANN, sends[0], UUID(int=3))

    assert (again.message_id, again.is_first) == (UUID(int=3), False)


async def test_a_step_of_the_wall_clock_proves_nothing() -> None:
    clock = FakeClock()
    before = a_send_id(clock.now() - timedelta(seconds=1))
    # The process starts while the clock is an hour behind. Then the clock is corrected.
    clock.set(NOON - timedelta(hours=1))
    claims = MemorySendClaims(clock=clock)
    clock.set(NOON)
    clock.advance(30)

    assert not (await claims.claim(ANN, before, UUID(int=1))).is_first


def test_a_claim_is_kept_for_a_day_after_the_time_in_its_send_and_at_most_a_week() -> None:
    now, hours = NOON.timestamp(), [-48, 0, 48, 10_000]
    sends = [a_send_id(NOON + timedelta(hours=some)) for some in hours]

    assert [claim_seconds(send, now=now) / HOUR for send in sends] == [24, 24, 72, 168]
    assert claim_seconds(UUID(int=7), now=now) / HOUR == 24
