"""Passwords: what bcrypt can hold, hashing in threads of its own, and checks that cost the same for nobody."""

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
from services.auth.errors import AuthReason
from services.auth.model import rate_limited

T = TypeVar("T")

_MIN_CHARACTERS = 8
_MAX_BYTES = 72


def _encode(password: str) -> bytes:
    """NFC in UTF-8, so that one password typed on two systems is the same bytes."""
    return unicodedata.normalize("NFC", password).encode()


def check_new_password(password: str, *, field: str) -> None:
    """Refuse what the proto's rules let through and bcrypt would cut or not take.

    Errors: INVALID_ARGUMENT `PASSWORD_TOO_LONG` (more than 72 bytes), `INVALID_FIELD` (a NUL character, or fewer than
    8 characters once composed).
    """
    encoded = _encode(password)
    if b"\0" in encoded:
        raise invalid_field(field, "must not hold a NUL character")
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
    """bcrypt in a few threads: one per core, with a bounded queue, never on the event loop."""

    def __init__(self, *, cost: int, queue: int, threads: int | None = None) -> None:
        """`queue`: how many may wait beside those being worked on."""
        threads = threads or os.cpu_count() or 1
        self._cost = cost
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        self._room = threading.BoundedSemaphore(threads + queue)
        self._seconds = histogram(
            "chatly_auth_password_seconds", "Hashing or checking a password, with the wait for it"
        )
        self._nobody = bcrypt.hashpw(b"nobody has this password", bcrypt.gensalt(cost))

    async def hash(self, password: str) -> bytes:
        """A salted hash of a password that `check_new_password` let through."""
        return await self._run(lambda: bcrypt.hashpw(_encode(password), bcrypt.gensalt(self._cost)))

    async def matches(self, password: str, password_hash: bytes | None) -> bool:
        """Whether it is the password; with None (nobody) the answer is no, and takes as long.

        Errors: RESOURCE_EXHAUSTED `RATE_LIMITED` when too many are waiting.
        """
        encoded = _encode(password)
        if password_hash is None or b"\0" in encoded or len(encoded) > _MAX_BYTES:
            await self._run(lambda: bcrypt.checkpw(b"nobody", self._nobody))
            return False
        return await self._run(lambda: bcrypt.checkpw(encoded, password_hash))

    def is_outdated(self, password_hash: bytes) -> bool:
        """Whether a hash was made with another cost than passwords get now."""
        return int(password_hash.split(b"$")[2]) != self._cost

    def close(self) -> None:
        """Drop what waits and let the threads go."""
        self._pool.shutdown(cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise rate_limited("too many passwords are being checked", retry_after=1.0)
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._room.release())
        with self._seconds.time():
            return await asyncio.wrap_future(future)
