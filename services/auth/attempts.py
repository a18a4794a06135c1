"""Pure functions for delays after failed password checks: what is counted, and the delay for a count."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

LONGEST_DELAY = timedelta(minutes=15)
NETWORK_FORGOTTEN_EVERY = timedelta(minutes=1)
"""One failure from a network address is forgotten in this time, because many people may share the address."""
EXPIRES_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """A key that counts failures. After `free` of them, attempts are delayed, by `longest` at most."""

    key: str
    free: int
    longest: timedelta = LONGEST_DELAY
    forgotten_every: timedelta | None = None
    """The time in which the count decreases by one, or None if it does not decrease."""

    @property
    def is_shared(self) -> bool:
        """Whether many accounts share the key."""
        return self.forgotten_every is not None

    def remaining(self, failures: float, passed: timedelta) -> float:
        """Return what remains of a count of failures, of which the last one is `passed` ago."""
        forgotten = passed / self.forgotten_every if self.forgotten_every else 0.0
        return max(0.0, failures - forgotten)


def delay_after(failures: float, *, free: int, longest: timedelta = LONGEST_DELAY) -> timedelta:
    """Return the delay after `failures` failures: none for fewer than `free`, then 1 s, 2 s, 4 s … up to `longest`."""
    if failures < free:
        return timedelta(0)
    doublings = min(int(failures) - free, 20)
    return min(timedelta(seconds=2**doublings), longest)


def account_key(folded_email: str) -> str:
    """Return the key for failures on an account, from all network addresses where it has no session.

    The account need not exist.
    """
    return f"account:{folded_email}"


def pair_key(folded_email: str, address: str) -> str:
    """Return the key for failures on an account, from a network address where it has no session."""
    return f"pair:{network_of(address)}:{folded_email}"


def home_key(folded_email: str, address: str) -> str:
    """Return the key for failures on an account, from a network address where it has a session.

    Such failures count under this key only. So strangers who guess passwords cannot lock out the owner.
    """
    return f"home:{network_of(address)}:{folded_email}"


def address_key(address: str) -> str:
    """Return the key for failures from a network address, on all accounts."""
    return f"address:{network_of(address)}"


def confirm_key(user_id: str) -> str:
    """Return the key for failures of a logged-in user who confirms the password."""
    return f"confirm:{user_id}"


def network_of(address: str) -> str:
    """Return the network of an address: an IPv4 address itself, or the /64 of an IPv6 address.

    All addresses of one /64 belong to one customer.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
