"""Delays after failed logins: the counters of an attempt, and the delay by count. Pure functions."""

import ipaddress
from datetime import timedelta

LONGEST_DELAY = timedelta(minutes=15)
EXPIRES_AFTER = timedelta(hours=1)


def delay_after(failures: int, *, free: int) -> timedelta:
    """Return the delay after `failures` failures: none before the `free`-th, then 1 s, 2 s, 4 s … 15 min."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 20)
    return min(timedelta(seconds=2**doublings), LONGEST_DELAY)


def account_key(folded_email: str) -> str:
    """Return the counter of an account, existing or not, for addresses where it has no session."""
    return f"account:{folded_email}"


def home_key(folded_email: str, address: str) -> str:
    """Return the counter of an account for an address where it has a session.

    It replaces the other two counters, so that guessing strangers cannot lock the owner out.
    """
    return f"home:{_network(address)}:{folded_email}"


def address_key(address: str) -> str:
    """Return the counter of an address; for IPv6 of its /64, which belongs to one customer."""
    return f"address:{_network(address)}"


def confirm_key(user_id: str) -> str:
    """Return the counter of a logged-in user who confirms the password."""
    return f"confirm:{user_id}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
