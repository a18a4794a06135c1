"""What the tables of history.db share: how values are written."""

from uuid import UUID

from kernel.ids import from_time_key, time_key


def key_or_null(time_uuid: UUID | None) -> bytes | None:
    """A TimeUUID as it is stored."""
    return time_key(time_uuid) if time_uuid else None


def id_or_none(key: bytes | None) -> UUID | None:
    """Undo `key_or_null`."""
    return from_time_key(key) if key else None
