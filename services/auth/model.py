"""Accounts, sessions, refresh tokens and signing keys."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kernel.ids import SessionId, UserId

SESSION_IDLE = timedelta(days=30)
"""A session expires when its refresh token is unused for this long."""
MAX_SESSIONS = 100
"""Maximum number of live sessions per user. A further login ends the least recently used session."""
REFRESH_GRACE = timedelta(seconds=10)
"""A spent refresh token still works for this long, because a response may be lost, or two tabs may refresh at once."""

CLOCK_SLACK = timedelta(minutes=5)
"""Tolerated clock difference between nodes. Keys and revocations are kept this much longer than tokens are valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user's account. A deleted account keeps only its id and times, and its text fields are empty."""

    user_id: UserId
    username: str
    """The name as displayed. No two accounts have the same name after `names.fold`."""
    email: str = field(repr=False)
    """The address as entered. No two accounts have the same address after `names.fold`."""
    password_hash: bytes = field(repr=False)
    bio: str = ""
    avatar_media_id: str = ""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """Changes to a profile. None keeps a field, and an empty text clears it."""

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
    """One login on one device. An ended session has neither the device's name nor its address."""

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

    def expires_at(self, now: datetime, *, life: timedelta) -> datetime:
        """Return when the session, used now, expires. `life`: its longest duration, however often it is used."""
        return min(now + SESSION_IDLE, self.created_at + life)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """The stored state of a refresh token, without the token itself. A rotation sets `spent_at` and `salt`."""

    token_hash: bytes
    session_id: SessionId
    spent_at: datetime | None = None
    salt: bytes | None = field(default=None, repr=False)
    """The salt from which the successor is derived. It may be deleted after REFRESH_GRACE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A numbered Ed25519 key. Of the keys whose `signs_from` has passed, the one with the highest number signs."""

    number: int
    kid: str
    seed: bytes = field(repr=False)
    """The private key, 32 bytes."""
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """A planned erasure of a deleted account's personal data. An account has two: see `delete_account`."""

    user_id: UserId
    due_at: datetime
    delete_messages: bool = False
    """Whether the user's messages are deleted too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The result of a login or a refresh."""

    account: Account
    session_id: SessionId
    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    refresh_expires_at: datetime
