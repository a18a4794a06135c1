"""How guessing is slowed down: which counters an attempt belongs to, and how long they wait. Pure."""

import ipaddress
from datetime import timedelta

LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)


def delay_after(failures: int, *, free: int) -> timedelta:
    """How long to wait after the last of some failures: nothing before the `free`-th, then 1 s, 2 s, 4 s … 15 min."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 20)
    return min(timedelta(seconds=2**doublings), LONGEST_DELAY)


def account_key(folded_email: str) -> str:
    """Counts failures of an account from everywhere it is not at home, also of accounts that do not exist."""
    return f"account:{folded_email}"


def home_key(folded_email: str, address: str) -> str:
    """Counts failures of an account from an address where it has a session.

    It stands in for the other two, so that strangers who guess cannot keep the owner out.
    """
    return f"home:{_network(address)}:{folded_email}"


def address_key(address: str) -> str:
    """Counts failures from an address; for IPv6 from its /64, since one customer has all of it."""
    return f"address:{_network(address)}"


def confirm_key(user_id: str) -> str:
    """Counts failures of a user who is logged in and shows the password again."""
    return f"confirm:{user_id}"


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
