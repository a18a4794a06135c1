"""What auth knows: accounts, sessions, refresh tokens and signing keys. Knows no transport and no database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import SessionId, UserId
from services.auth.errors import AuthReason

SESSION_IDLE = timedelta(days=30)
"""A session ends when its refresh token was not used for this long."""
MAX_SESSIONS = 100
"""Live sessions of one user; a further login ends the one that was not used for longest."""
REFRESH_GRACE = timedelta(seconds=10)
"""For so long after its rotation a spent refresh token still works: the answer was lost, or two tabs asked at once."""

CLOCK_SLACK = timedelta(minutes=5)
"""How far clocks of nodes may differ: keys and ended sessions are kept for so long beyond their tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person. A deleted account keeps only its id and times; its texts are empty."""

    user_id: UserId
    username: str
    """As shown; unique by `names.fold`."""
    email: str = field(repr=False)
    """As typed; unique by `names.fold`."""
    password_hash: bytes = field(repr=False)
    bio: str = ""
    avatar_media_id: str = ""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What to change of a profile: None leaves a field as it is, the empty text empties it."""

    username: str | None = None
    bio: str | None = None
    avatar_media_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a session is used: a name for people, and the network address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login on one device."""

    session_id: SessionId
    user_id: UserId
    device_name: str
    address: str
    """Where it was last used from."""
    created_at: datetime
    last_used_at: datetime
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it was neither ended nor left unused for too long."""
        return self.ended_at is None and now < self.last_used_at + SESSION_IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """What is kept of a refresh token: never the token. `spent_at` and `salt` come with its rotation."""

    token_hash: bytes
    session_id: SessionId
    spent_at: datetime | None = None
    salt: bytes | None = field(default=None, repr=False)
    """What its successor was made with; may be forgotten once the grace is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 key of a numbered row; at any time the highest number whose `signs_from` has come signs."""

    number: int
    kid: str
    seed: bytes = field(repr=False)
    """The private key, 32 bytes."""
    signs_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login or a refresh hands out."""

    account: Account
    session_id: SessionId
    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    refresh_expires_at: datetime


def email_taken() -> ChatlyError:
    """ALREADY_EXISTS for an e-mail address."""
    return ChatlyError(Code.ALREADY_EXISTS, AuthReason.EMAIL_TAKEN, "another account has this e-mail address")


def username_taken() -> ChatlyError:
    """ALREADY_EXISTS for a username."""
    return ChatlyError(Code.ALREADY_EXISTS, AuthReason.USERNAME_TAKEN, "another account has this username")


def user_not_found() -> ChatlyError:
    """NOT_FOUND for a user."""
    return ChatlyError(Code.NOT_FOUND, AuthReason.USER_NOT_FOUND, "there is no such user")


def session_ended() -> ChatlyError:
    """UNAUTHENTICATED: log in again."""
    return ChatlyError(Code.UNAUTHENTICATED, KernelReason.SESSION_ENDED, "this session has ended; log in again")


def wrong_credentials() -> ChatlyError:
    """UNAUTHENTICATED, the same for an unknown address and a wrong password."""
    return ChatlyError(Code.UNAUTHENTICATED, AuthReason.WRONG_CREDENTIALS, "unknown e-mail address or wrong password")


def rate_limited(message: str, *, retry_after: float) -> ChatlyError:
    """RESOURCE_EXHAUSTED; `retry_after` in seconds."""
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, retry_after=retry_after)
