"""What auth's use cases need from stores, limiters and other services, and what they may count on.

Every read is by key. All times are UTC, to the microsecond. A store that cannot answer raises STORE_UNAVAILABLE.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kernel.ids import SessionId, UserId
from services.auth.model import Account, ProfileChange, RefreshToken, Session, SigningKey


class AccountStore(Protocol):
    """Accounts by id and by e-mail address. A read sees every write that has returned."""

    async def add(self, account: Account) -> None:
        """Keep a new account; raise EMAIL_TAKEN or USERNAME_TAKEN.

        Of several that fold to the same address or name, also at the same moment on several nodes, one is kept at most.
        """
        ...

    async def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, Account]:
        """Accounts by id, deleted ones too; unknown ids are left out."""
        ...

    async def find_by_email(self, folded_email: str) -> Account | None:
        """The account with an address, or None if nobody has it (any more)."""
        ...


class AccountChanges(Protocol):
    """Changes of accounts that are not deleted; each returns None where there is no such account."""

    async def change_profile(self, user_id: UserId, change: ProfileChange, *, at: datetime) -> Account | None:
        """Change what is named, and `updated_at`; or raise USERNAME_TAKEN. The old name is free at once."""
        ...

    async def set_password(self, user_id: UserId, *, old_hash: bytes, new_hash: bytes) -> Account | None:
        """Replace the hash if it is still `old_hash`, else None: of two changes at once the first wins."""
        ...

    async def delete(self, user_id: UserId, *, at: datetime) -> Account | None:
        """Keep only a tombstone (id, `created_at`, `deleted_at`); address and name are free at once. Returns it."""
        ...


class UserDirectory(Protocol):
    """Accounts that are not deleted, in the order of their folded usernames (by code point)."""

    async def page(self, *, prefix: str, after: str, limit: int) -> Sequence[Account]:
        """Up to `limit` accounts whose folded username begins with `prefix` and is greater than `after`."""
        ...


class SessionStore(Protocol):
    """Sessions. A read sees every write that has returned."""

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        """Keep a new session and its first refresh token."""
        ...

    async def get(self, session_id: SessionId) -> Session | None:
        """A session, ended or not; None if there is none or it was forgotten after its end."""
        ...

    async def of_user(self, user_id: UserId) -> Sequence[Session]:
        """The user's sessions that were not ended, the newest first; those left unused too long may be among them."""
        ...

    async def touch(self, session_id: SessionId, *, address: str, at: datetime) -> None:
        """Note a use."""
        ...


class SessionEndings(Protocol):
    """Sessions that were ended before their time."""

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        """End sessions; returns how many were not ended before. Durable on return; again is not an error."""
        ...

    async def ended_since(self, moment: datetime) -> Collection[SessionId]:
        """The sessions ended at or after a moment, which is no more than a day ago."""
        ...


class RefreshTokenStore(Protocol):
    """Refresh tokens by their SHA-256, live and spent."""

    async def find(self, session_id: SessionId, token_hash: bytes) -> RefreshToken | None:
        """A token of a session, or None if it never was one, or was spent so long ago that it is forgotten."""
        ...

    async def rotate(self, token: RefreshToken, *, successor_hash: bytes, salt: bytes, at: datetime) -> RefreshToken:
        """Spend a live token and keep its successor, both or neither; returns the token as it is now.

        Of several rotations of one token at once the first wins; the others change nothing and return what it made.
        """
        ...


class Forgetting(Protocol):
    """Takes away what nothing will ask for again. A store whose rows expire by themselves has nothing to do."""

    async def forget(self, *, salts_before: datetime, sessions_before: datetime) -> None:
        """Drop salts of tokens spent before one moment, and sessions and spent tokens not used since another."""
        ...


class KeyStore(Protocol):
    """Signing keys by number."""

    async def all(self) -> Sequence[SigningKey]:
        """Every key, by number."""
        ...

    async def add(self, key: SigningKey) -> bool:
        """Keep a key; False, changing nothing, if its number is taken: of several nodes that add at once one wins."""
        ...

    async def remove(self, number: int) -> None:
        """Destroy a key; not an error if there is none."""
        ...


class BlockStore(Protocol):
    """Who blocks whom."""

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        """Keep a block; again changes nothing."""
        ...

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        """Take a block back; not an error if there is none."""
        ...

    async def of(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        """Whom each of some users blocks; one who blocks nobody is left out."""
        ...

    async def clear(self, blocker: UserId) -> None:
        """Take back everything that a user blocks."""
        ...


class AttemptLimiter(Protocol):
    """Slows guessing down. Keys are independent; `attempts.delay_after` says how long a key waits after a failure.

    What is counted is forgotten an hour after the last failure, and may be lost with the process.
    """

    async def wait(self, keys: Collection[str]) -> float:
        """Seconds until an attempt is allowed, 0 for at once: the longest wait of the keys. Asking counts nothing."""
        ...

    async def failed(self, keys: Collection[str]) -> None:
        """Count a failure for each key."""
        ...

    async def succeeded(self, key: str) -> None:
        """Forget a key's failures."""
        ...


class Avatars(Protocol):
    """Pictures, kept by another service."""

    async def check(self, media_id: str, *, owner: UserId) -> None:
        """Raise MEDIA_NOT_FOUND if there is no such file, MEDIA_FORBIDDEN if it is not the owner's own avatar picture.

        SERVICE_UNAVAILABLE if that cannot be known now. Asked in the name of the calling user.
        """
        ...
