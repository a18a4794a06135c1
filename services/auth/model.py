"""Accounts, sessions, refresh tokens and signing keys."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kernel.ids import SessionId, UserId

SESSION_IDLE = timedelta(days=30)
"""A session ends when its refresh token is unused for this long."""
MAX_SESSIONS = 100
"""Maximum live sessions per user; the next login ends the least recently used one."""
REFRESH_GRACE = timedelta(seconds=10)
"""A spent refresh token still works this long after its rotation, for lost responses and for concurrent tabs."""

CLOCK_SLACK = timedelta(minutes=5)
"""Tolerated clock difference between nodes: keys and ended sessions outlive their tokens by this much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user's account. A deleted account keeps only its id and times; its texts are empty."""

    user_id: UserId
    username: str
    """As displayed; unique by `names.fold`."""
    email: str = field(repr=False)
    """As entered; unique by `names.fold`."""
    password_hash: bytes = field(repr=False)
    bio: str = ""
    avatar_media_id: str = ""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """Changes to a profile: None keeps a field, an empty text clears it."""

    username: str | None = None
    bio: str | None = None
    avatar_media_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device of a session: a readable name and the network address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login on one device. Ended, it keeps neither the device's name nor its address."""

    session_id: SessionId
    user_id: UserId
    device_name: str
    address: str
    """Network address of the last use."""
    created_at: datetime
    last_used_at: datetime
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Return whether the session has neither ended nor expired."""
        return self.ended_at is None and now < self.last_used_at + SESSION_IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The stored part of a refresh token, never the token itself. A rotation sets `spent_at` and `salt`."""

    token_hash: bytes
    session_id: SessionId
    spent_at: datetime | None = None
    salt: bytes | None = field(default=None, repr=False)
    """The salt of its successor; may be deleted after REFRESH_GRACE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A numbered Ed25519 key. The key with the highest number whose `signs_from` has passed signs."""

    number: int
    kid: str
    seed: bytes = field(repr=False)
    """The private key, 32 bytes."""
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A planned erasure of a deleted account's personal data. One account has several: see `delete_account`."""

    user_id: UserId
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The result of a login or a refresh."""

    account: Account
    session_id: SessionId
    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    refresh_expires_at: datetime
