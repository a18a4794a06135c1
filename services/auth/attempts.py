"""Pure functions for delays after failed password checks: the keys that count failures, and the delay for a count."""

import ipaddress
from datetime import timedelta

LONGEST_DELAY = timedelta(minutes=15)
EXPIRES_AFTER = timedelta(hours=1)


def delay_after(failures: int, *, free: int) -> timedelta:
    """Return the delay after `failures` failures: none for fewer than `free`, then 1 s, 2 s, 4 s … up to 15 min."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 20)
    return min(timedelta(seconds=2**doublings), LONGEST_DELAY)


def account_key(folded_email: str) -> str:
    """Return the key for failures on an account, from network addresses where it has no session.

    The account need not exist.
    """
    return f"account:{folded_email}"


def home_key(folded_email: str, address: str) -> str:
    """Return the key for failures on an account, from a network address where it has a session.

    Such failures count under this key only. So strangers who guess passwords cannot lock out the owner.
    """
    return f"home:{_network(address)}:{folded_email}"


def address_key(address: str) -> str:
    """Return the key for failures from a network address.

    All IPv6 addresses of one /64 have the same key, because they belong to one customer.
    """
    return f"address:{_network(address)}"


def confirm_key(user_id: str) -> str:
    """Return the key for failures of a logged-in user who confirms the password."""
    return f"confirm:{user_id}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
