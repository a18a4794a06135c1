"""Password rules, and bcrypt hashing in threads. A check takes as long for an unknown account as for a known one."""

import asyncio
import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from kernel.errors import ChatlyError, Code, invalid_field
from kernel.telemetry.metrics import histogram
from services.auth.errors import AuthReason, rate_limited

T = TypeVar("T")

_MIN_CHARACTERS = 8
_MAX_BYTES = 72


def _encode(password: str) -> bytes:
    """Return the password in NFC as UTF-8, so that it has the same bytes on every system."""
    return unicodedata.normalize("NFC", password).encode()


def check_new_password(password: str, *, field: str) -> None:
    """Reject a password that passes the proto's rules but is too short when composed, or unsuitable for bcrypt.

    Errors: INVALID_ARGUMENT `PASSWORD_TOO_LONG` (more than 72 bytes), `INVALID_FIELD` (a NUL character, or fewer than 8
    characters after composition).
    """
    encoded = _encode(password)
    if b"\0" in encoded:
        raise invalid_field(field, "must not contain a NUL character")
    if len(encoded.decode()) < _MIN_CHARACTERS:
        raise invalid_field(field, f"at least {_MIN_CHARACTERS} characters, counting a letter and its accents as one")
    if len(encoded) > _MAX_BYTES:
        raise ChatlyError(
            Code.INVALID_ARGUMENT,
            AuthReason.PASSWORD_TOO_LONG,
            f"{field}: at most {_MAX_BYTES} bytes in UTF-8, got {len(encoded)}",
            {"limit_bytes": str(_MAX_BYTES), "actual_bytes": str(len(encoded))},
        )


class Passwords:
    """Runs bcrypt in a pool of threads with a bounded queue, never on the event loop."""

    def __init__(self, *, cost: int, queue: int, threads: int | None = None) -> None:
        """`queue`: how many calls may wait for a thread. `threads`: one per core by default."""
        threads = threads or os.cpu_count() or 1
        self._cost = cost
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        self._slots = threading.BoundedSemaphore(threads + queue)
        self._seconds = histogram(
            "chatly_auth_password_seconds", "Hashing or checking a password, including the wait for a thread"
        )
        self._dummy_hash = bcrypt.hashpw(b"no account has this password", bcrypt.gensalt(cost))

    async def hash(self, password: str) -> bytes:
        """Return a salted hash of a password that passed `check_new_password`."""
        return await self._run(lambda: bcrypt.hashpw(_encode(password), bcrypt.gensalt(self._cost)))

    async def matches(self, password: str, password_hash: bytes | None) -> bool:
        """Return whether the password matches the hash. Without a hash, return False after the same time.

        Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` when the queue is full.
        """
        encoded = _encode(password)
        if password_hash is None or b"\0" in encoded or len(encoded) > _MAX_BYTES:
            await self._run(lambda: bcrypt.checkpw(b"wrong", self._dummy_hash))
            return False
        return await self._run(lambda: bcrypt.checkpw(encoded, password_hash))

    def is_outdated(self, password_hash: bytes) -> bool:
        """Return whether the cost of a hash differs from the configured cost."""
        return int(password_hash.split(b"$")[2]) != self._cost

    def close(self) -> None:
        """Cancel waiting calls and stop the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._slots.acquire(blocking=False):
            raise rate_limited("too many password checks, please retry", retry_after=1.0)
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._slots.release())
        with self._seconds.time():
            return await asyncio.wrap_future(future)
