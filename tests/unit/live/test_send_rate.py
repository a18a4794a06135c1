"""The rate at which one user may send on streams."""

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.live.send_messages import SendRate
from tests.fakes import FakeClock
from tests.unit.live.builders import a_user

ANN, BOB = a_user(), a_user()
PER_SECOND = 10


def test_a_burst_goes_at_once_and_the_rest_at_the_limit() -> None:
    rate = SendRate(clock=FakeClock(), per_second=PER_SECOND)

    waits = [round(rate.wait(ANN), 6) for _ in range(PER_SECOND + 3)]

    assert waits == [0.0] * PER_SECOND + [0.1, 0.2, 0.3]


def test_users_do_not_delay_each_other() -> None:
    rate = SendRate(clock=FakeClock(), per_second=PER_SECOND)
    for _ in range(5 * PER_SECOND):
        rate.wait(ANN)

    assert rate.wait(BOB) == 0


def test_a_long_pause_gives_no_more_than_one_burst() -> None:
    clock = FakeClock()
    rate = SendRate(clock=clock, per_second=PER_SECOND)
    rate.wait(ANN)
    clock.advance(3_600)

    waits = [rate.wait(ANN) for _ in range(PER_SECOND + 1)]

    assert max(waits[:-1]) < 1e-6
    assert round(waits[-1], 6) == 0.1


def test_zero_means_no_limit() -> None:
    rate = SendRate(clock=FakeClock(), per_second=0)

    assert {rate.wait(ANN) for _ in range(1_000)} == {0.0}


def test_a_user_stays_limited_however_many_other_users_send() -> None:
    clock = FakeClock()
    rate = SendRate(clock=clock, per_second=PER_SECOND)
    for _ in range(100 * PER_SECOND):
        rate.wait(ANN)
    for _ in range(25_000):
        rate.wait(a_user())
        clock.advance(0.001)

    assert rate.wait(ANN) > 70


@given(st.lists(st.floats(min_value=0, max_value=2), max_size=60))
def test_any_interval_has_at_most_one_burst_more_than_the_rate(pauses: list[float]) -> None:
    clock = FakeClock()
    rate = SendRate(clock=clock, per_second=PER_SECOND)
    begun: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        begun.append(clock.monotonic() + rate.wait(ANN))

    for first, begin in enumerate(begun):
        for count, end in enumerate(begun[first:], 1):
            assert count <= PER_SECOND * (end - begin + 1) + 1 + 1e-6
