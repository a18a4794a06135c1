"""What the tables of history.db share: how values are written, and what a failing file means to callers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from kernel.errors import Reason, unavailable
from kernel.ids import from_time_key, time_key


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what SQLite raises into ChatlyError UNAVAILABLE `STORE_UNAVAILABLE`."""
    try:
        yield
    except sqlite3.Error as error:
        raise unavailable(Reason.STORE_UNAVAILABLE, f"the message store does not answer: {error}") from error


def key_or_null(time_uuid: UUID | None) -> bytes | None:
    """A TimeUUID as it is stored."""
    return time_key(time_uuid) if time_uuid else None


def id_or_none(key: bytes | None) -> UUID | None:
    """Undo `key_or_null`."""
    return from_time_key(key) if key else None
