"""How guessing is slowed down."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.adapters.memory.attempts import MemoryAttempts
from services.auth.attempts import LONGEST_DELAY, address_key, delay_after, home_key
from tests.fakes import FakeClock


@given(st.integers(0, 10_000))
def test_each_failure_makes_the_wait_longer_up_to_fifteen_minutes(failures: int) -> None:
    delay, next_delay = delay_after(failures, free=5), delay_after(failures + 1, free=5)

    assert timedelta(0) <= delay <= next_delay <= LONGEST_DELAY == timedelta(minutes=15)


def test_four_failures_are_free_and_the_fifth_costs_a_second() -> None:
    seconds = [delay_after(failures, free=5).total_seconds() for failures in range(8)]

    assert seconds == [0, 0, 0, 0, 0, 1, 2, 4]


def test_one_customer_of_ipv6_is_one_address() -> None:
    assert address_key("2001:db8:1:2::7") == address_key("2001:db8:1:2:ffff::8")
    assert address_key("2001:db8:1:2::7") != address_key("2001:db8:1:3::7")


def test_an_ipv4_address_is_the_same_when_it_comes_over_ipv6() -> None:
    assert address_key("::ffff:192.0.2.7") == address_key("192.0.2.7")
    assert address_key("::ffff:192.0.2.7") != address_key("::ffff:192.0.2.8")


@pytest.mark.parametrize("address", ["", "unix:/run/chatly.sock", "not an address"])
def test_what_is_no_network_address_is_counted_as_it_is(address: str) -> None:
    assert address_key(address) == f"address:{address}"


def test_each_home_of_each_account_is_counted_for_itself() -> None:
    keys = {home_key(email, address) for email in ("a@x.org", "b@x.org") for address in ("192.0.2.1", "192.0.2.2")}

    assert len(keys) == 4


async def test_the_oldest_failures_make_room_when_memory_is_full() -> None:
    limiter = MemoryAttempts(clock=FakeClock(), capacity=10)
    for number in range(11):
        for _ in range(5):
            await limiter.failed([f"key {number}"])

    assert await limiter.wait(["key 0"]) == 0
    assert await limiter.wait(["key 10"]) == 1
