"""A node whose clock jumps goes on with the right time, so it refuses no valid token and writes no wrong times."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.cassandra.connect import WriteTimes
from kernel.grpc.tokens import ServiceTokens
from kernel.ids import HybridClock, time_of
from kernel.time import ClockOffset, CorrectedClock, to_micros
from tests.builders import NOON

_DAY = timedelta(days=1)


class Machine:
    """A machine's two clocks. A jump moves only the wall clock."""

    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 1_000.0

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)

    def offset(self, offset: timedelta) -> ClockOffset:
        """Return a measurement at this moment."""
        return ClockOffset(offset, self.wall, self.seconds)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> CorrectedClock:
    return CorrectedClock(wall=lambda: machine.wall, monotonic=lambda: machine.seconds)


@pytest.mark.parametrize("jump", [timedelta(minutes=1), -timedelta(minutes=1), _DAY, -_DAY])
def test_a_jump_has_no_effect_before_and_after_it_is_measured(
    machine: Machine, clock: CorrectedClock, jump: timedelta
) -> None:
    machine.wall += jump
    machine.advance(1)
    assert clock.now() == NOON + timedelta(seconds=1)

    clock.correct(machine.offset(jump))
    machine.advance(1)
    assert clock.now() == NOON + timedelta(seconds=2)

    machine.wall -= jump
    machine.advance(1)
    assert clock.now() == NOON + timedelta(seconds=3)

    clock.correct(machine.offset(timedelta()))
    assert clock.now() == NOON + timedelta(seconds=3)


def test_a_clock_that_is_wrong_from_the_start_is_corrected_by_the_first_measurement(
    machine: Machine, clock: CorrectedClock
) -> None:
    clock.correct(machine.offset(_DAY))

    machine.advance(1)
    assert clock.now() == NOON - _DAY + timedelta(seconds=1)


def test_a_jump_during_a_measurement_has_no_effect(machine: Machine, clock: CorrectedClock) -> None:
    measured = machine.offset(timedelta())
    machine.wall += timedelta(minutes=1)
    machine.advance(1)

    clock.correct(measured)

    assert clock.now() == NOON + timedelta(seconds=1)


def test_a_small_step_is_followed(machine: Machine, clock: CorrectedClock) -> None:
    machine.wall += timedelta(seconds=2)

    assert clock.now() == machine.wall
    clock.correct(machine.offset(timedelta(seconds=2)))
    assert clock.now() == machine.wall


def test_the_machine_after_a_pause_is_followed_once_it_is_measured(machine: Machine, clock: CorrectedClock) -> None:
    machine.wall += timedelta(hours=8)  # the monotonic clock stands still while a machine sleeps

    clock.correct(machine.offset(timedelta()))

    assert clock.now() == NOON + timedelta(hours=8)


def test_a_token_stays_valid_when_the_clock_jumps(machine: Machine, clock: CorrectedClock) -> None:
    tokens = ServiceTokens(b"x" * 32, clock=clock)
    token = tokens.issue("messaging")

    machine.wall += _DAY

    assert tokens.verify(token).name == "messaging"


def test_write_times_and_ids_do_not_follow_a_jump(machine: Machine, clock: CorrectedClock) -> None:
    write_times, ids = WriteTimes(clock), HybridClock(clock=clock)
    machine.wall += _DAY
    during = write_times()
    first = ids.next()
    machine.wall -= _DAY
    machine.advance(1)

    assert during == to_micros(NOON)
    assert during < write_times() == to_micros(NOON) + 1_000_000
    assert time_of(first) <= NOON < time_of(ids.next())


def test_write_times_grow_while_the_clock_stands_still(clock: CorrectedClock) -> None:
    write_times = WriteTimes(clock)

    assert [write_times() - to_micros(NOON) for _ in range(3)] == [0, 1, 2]


def test_the_default_is_the_clock_of_this_machine() -> None:
    assert abs(CorrectedClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
