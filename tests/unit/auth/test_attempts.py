"""Delays after failed logins."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.adapters.memory import MemoryAttempts
from services.auth.attempts import LONGEST_DELAY, AttemptLimit, address_key, delay_after, home_key, pair_key
from tests.fakes import FakeClock


@given(st.integers(0, 10_000))
def test_each_failure_increases_the_delay_up_to_fifteen_minutes(failures: int) -> None:
    delay, next_delay = delay_after(failures, free=5), delay_after(failures + 1, free=5)

    assert timedelta(0) <= delay <= next_delay <= LONGEST_DELAY == timedelta(minutes=15)


def test_the_fifth_failure_causes_the_first_delay_of_a_second() -> None:
    seconds = [delay_after(failures, free=5).total_seconds() for failures in range(8)]

    assert seconds == [0, 0, 0, 0, 0, 1, 2, 4]


def test_addresses_of_one_ipv6_network_share_a_counter() -> None:
    assert address_key("2001:db8:1:2::7") == address_key("2001:db8:1:2:ffff::8")
    assert address_key("2001:db8:1:2::7") != address_key("2001:db8:1:3::7")


def test_an_ipv4_address_mapped_to_ipv6_has_the_same_counter() -> None:
    assert address_key("::ffff:192.0.2.7") == address_key("192.0.2.7")
    assert address_key("::ffff:192.0.2.7") != address_key("::ffff:192.0.2.8")


@pytest.mark.parametrize("address", ["", "unix:/run/chatly.sock", "not an address"])
def test_other_addresses_are_counted_as_given(address: str) -> None:
    assert address_key(address) == f"address:{address}"


def test_each_address_of_each_account_has_its_own_counter() -> None:
    pairs = [(email, address) for email in ("a@x.org", "b@x.org") for address in ("192.0.2.1", "192.0.2.2")]

    assert len({key(*pair) for key in (home_key, pair_key) for pair in pairs}) == 8


async def test_a_full_limiter_drops_the_oldest_failures() -> None:
    limiter = MemoryAttempts(clock=FakeClock(), capacity=10)
    for number in range(11):
        for _ in range(5):
            await limiter.begin([AttemptLimit(f"key {number}", free=5)])

    assert await limiter.begin([AttemptLimit("key 10", free=5)]) == 1
    assert await limiter.begin([AttemptLimit("key 0", free=5)]) == 0
