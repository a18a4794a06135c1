"""Password rules, and bcrypt hashing in threads. A check takes as long for an unknown account as for a known one."""

import os
import unicodedata
from collections.abc import Callable
from typing import TypeVar

import bcrypt
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from kernel.errors import ChatlyError, Code, invalid_field
from kernel.telemetry.metrics import histogram
from kernel.time import Clock
from services.auth.errors import AuthReason
from services.auth.hashing import Client, FairThreads

T = TypeVar("T")

_MIN_CHARACTERS = 8
_MAX_BYTES = 72
# The 30,000 most frequent passwords of leaks, in lower case.
_COMMON = frozenset(FREQUENCY_LISTS["passwords"])


def _encode(password: str) -> bytes:
    """Return the password in NFC as UTF-8, so that it has the same bytes on every system."""
    return unicodedata.normalize("NFC", password).encode()


def check_new_password(password: str, *, field: str) -> None:
    """Reject a password that passes the proto's rules but is easy to guess, too short, or unsuitable for bcrypt.

    Errors: INVALID_ARGUMENT `PASSWORD_TOO_LONG` (more than 72 bytes), `INVALID_FIELD` (a NUL character, fewer than 8
    characters after composition, only spaces, or one of the most frequent passwords).
    """
    encoded = _encode(password)
    if b"\0" in encoded:
        raise invalid_field(field, "must not contain a NUL character")
    if len(encoded.decode()) < _MIN_CHARACTERS:
        raise invalid_field(field, f"at least {_MIN_CHARACTERS} characters, counting a letter and its accents as one")
    if not password.strip():
        raise invalid_field(field, "must not consist of spaces only")
    if password.strip().casefold() in _COMMON:
        raise invalid_field(field, "this is one of the most common passwords; choose another one")
    if len(encoded) > _MAX_BYTES:
        raise ChatlyError(
            Code.INVALID_ARGUMENT,
            AuthReason.PASSWORD_TOO_LONG,
            f"{field}: at most {_MAX_BYTES} bytes in UTF-8, got {len(encoded)}",
            {"limit_bytes": str(_MAX_BYTES), "actual_bytes": str(len(encoded))},
        )


class Passwords:
    """Runs bcrypt in threads, never on the event loop. Registrations have their own threads and queue.

    So neither registrations nor logins of one client can keep others from logging in.
    """

    def __init__(self, *, cost: int, queue: int, clock: Clock, threads: int | None = None) -> None:
        """`queue`: how many checks may wait for a thread, and how many registrations.

        `threads`: for checks, one per core by default. Registrations have a quarter as many, at least one.
        """
        threads = threads or os.cpu_count() or 1
        self._cost = cost
        self._checks = FairThreads(name="bcrypt", threads=threads, queue=queue, clock=clock)
        self._registrations = FairThreads(
            name="bcrypt-register", threads=max(1, threads // 4), queue=queue, clock=clock
        )
        self._seconds = histogram(
            "chatly_auth_password_seconds", "Hashing or checking a password, including the wait for a thread"
        )
        self._dummy_hash = bcrypt.hashpw(b"no account has this password", bcrypt.gensalt(cost))

    async def hash_first(self, password: str, *, client: Client) -> bytes:
        """Return a salted hash of a new account's password, which passed `check_new_password`.

        Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` when the queue of registrations is full.
        """
        return await self._run(self._registrations, client, lambda: self._hash(password))

    async def hash(self, password: str, *, client: Client) -> bytes:
        """Return a salted hash of an existing account's password, which passed `check_new_password`.

        Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` when the queue is full.
        """
        return await self._run(self._checks, client, lambda: self._hash(password))

    async def matches(self, password: str, password_hash: bytes | None, *, client: Client) -> bool:
        """Return whether the password matches the hash. Without a hash, return False after the same time.

        Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` when the queue is full.
        """
        encoded = _encode(password)
        if password_hash is None or b"\0" in encoded or len(encoded) > _MAX_BYTES:
            await self._run(self._checks, client, lambda: bcrypt.checkpw(b"wrong", self._dummy_hash))
            return False
        return await self._run(self._checks, client, lambda: bcrypt.checkpw(encoded, password_hash))

    def is_outdated(self, password_hash: bytes) -> bool:
        """Return whether the cost of a hash differs from the configured cost."""
        return int(password_hash.split(b"$")[2]) != self._cost

    def close(self) -> None:
        """Cancel waiting calls and stop the threads."""
        self._checks.close()
        self._registrations.close()

    def _hash(self, password: str) -> bytes:
        return bcrypt.hashpw(_encode(password), bcrypt.gensalt(self._cost))

    async def _run(self, threads: FairThreads, client: Client, work: Callable[[], T]) -> T:
        with self._seconds.time():
            return await threads.run(client, work)
