"""Ports of the auth service.

All times are UTC, with microseconds. A store that is unreachable raises STORE_UNAVAILABLE.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kernel.ids import SessionId, UserId
from services.auth.attempts import AttemptLimit
from services.auth.model import Account, Erasure, ProfileChange, RefreshToken, Session, SigningKey


class AccountStore(Protocol):
    """Accounts by id and by e-mail address. A read sees every write that returned before."""

    async def add(self, account: Account) -> None:
        """Store a new account. Raise EMAIL_TAKEN or USERNAME_TAKEN.

        No two accounts ever have the same folded address or folded name, even with concurrent calls on several nodes.
        """
        ...

    async def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, Account]:
        """Return the accounts by id, including deleted accounts. Unknown ids are absent."""
        ...

    async def find_by_email(self, folded_email: str) -> Account | None:
        """Return the account with this folded e-mail address, or None."""
        ...


class AccountChanges(Protocol):
    """Changes to accounts. Each method returns None if the account does not exist or is deleted."""

    async def change_profile(self, user_id: UserId, change: ProfileChange, *, at: datetime) -> Account | None:
        """Apply the change and set `updated_at`, or raise USERNAME_TAKEN. Other users can take the old name at once."""
        ...

    async def set_password(self, user_id: UserId, *, old_hash: bytes, new_hash: bytes) -> Account | None:
        """Replace the hash if it is still `old_hash`, else return None. So the first of two concurrent changes wins."""
        ...

    async def delete(self, user_id: UserId, *, at: datetime) -> Account | None:
        """Replace the account by a tombstone (id and times), and return the tombstone.

        Other users can take the address and the name at once.
        """
        ...


class UserDirectory(Protocol):
    """The accounts that are not deleted, sorted by folded username (by code point)."""

    async def page(self, *, prefix: str, after: str, limit: int) -> Sequence[Account]:
        """Return up to `limit` accounts whose folded username starts with `prefix` and is greater than `after`."""
        ...


class SessionStore(Protocol):
    """Sessions. A read sees every write that returned before."""

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        """Store a new session and its first refresh token."""
        ...

    async def get(self, session_id: SessionId) -> Session | None:
        """Return a session, live or ended. Return None if it does not exist or has been cleaned up."""
        ...

    async def of_user(self, user_id: UserId) -> Sequence[Session]:
        """Return the user's sessions that were not ended, newest first. Some of them may have expired."""
        ...

    async def touch(self, session_id: SessionId, *, address: str, at: datetime) -> None:
        """Record a use of a session. Do nothing if the session has ended."""
        ...


class SessionEndings(Protocol):
    """Ends sessions, and returns those that ended recently."""

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        """End sessions and return how many were live. Durable on return. Safe to repeat.

        An ended session loses its device name and address.
        """
        ...

    async def ended_since(self, time: datetime) -> Collection[SessionId]:
        """Return the sessions that ended at or after `time`. `time` must be at most a day ago."""
        ...


class RefreshTokenStore(Protocol):
    """Refresh tokens, live and spent, by their SHA-256."""

    async def find(self, session_id: SessionId, token_hash: bytes) -> RefreshToken | None:
        """Return a token of the session. Return None if it is unknown or has been cleaned up."""
        ...

    async def rotate(self, token: RefreshToken, *, successor_hash: bytes, salt: bytes, at: datetime) -> RefreshToken:
        """Mark a live token as spent and store its successor, atomically. Return the token's new state.

        Of several concurrent rotations the first wins. The others change nothing and return the result of the first.
        """
        ...

    async def delete(self, session_ids: Collection[SessionId]) -> None:
        """Delete all tokens of these sessions."""
        ...


class ExpiryCleanup(Protocol):
    """Deletes expired rows. In a store whose rows have a time to live, it does nothing."""

    async def delete_expired(self, *, salts_before: datetime, sessions_before: datetime) -> None:
        """Delete salts of tokens spent before `salts_before`, and rows of sessions unused since `sessions_before`."""
        ...


class KeyStore(Protocol):
    """Signing keys by number."""

    async def all(self) -> Sequence[SigningKey]:
        """Return all keys, sorted by number."""
        ...

    async def add(self, key: SigningKey) -> bool:
        """Store a key. Return False if its number is taken, so that one of several concurrent calls wins."""
        ...

    async def remove(self, number: int) -> None:
        """Delete a key, if it exists."""
        ...


class BlockStore(Protocol):
    """Blocks, stored by the user who blocks."""

    async def add(self, blocker: UserId, blocked: UserId, *, at: datetime) -> None:
        """Store a block. Safe to repeat."""
        ...

    async def remove(self, blocker: UserId, blocked: UserId) -> None:
        """Delete a block, if it exists."""
        ...

    async def blocked_by(self, blockers: Collection[UserId]) -> Mapping[UserId, Collection[UserId]]:
        """Return the users whom each of these users blocks. Users who block nobody are absent."""
        ...

    async def clear(self, blocker: UserId) -> None:
        """Delete all blocks that this user has set."""
        ...


class BlockNotices(Protocol):
    """Notifies the other services of changed blocks."""

    async def changed(self, blocker: UserId, blocked: UserId, *, present: bool) -> None:
        """Report that a block was set or removed. Never raise: caches of other services expire after seconds."""
        ...


class ErasureStore(Protocol):
    """Planned erasures. Writes are durable on return."""

    async def add(self, erasures: Collection[Erasure]) -> None:
        """Store erasures. Safe to repeat."""
        ...

    async def due(self, now: datetime, *, limit: int) -> Sequence[Erasure]:
        """Return up to `limit` erasures with `due_at` at or before `now`, the oldest first."""
        ...

    async def done(self, erasure: Erasure) -> None:
        """Delete an erasure. On return the store's files contain no data that was deleted before the call."""
        ...


class PersonalData(Protocol):
    """The personal data that another service stores about users."""

    async def erase(self, user_id: UserId) -> None:
        """Delete the user's data. Safe to repeat. Raise SERVICE_UNAVAILABLE if the service is unreachable."""
        ...


class MessagesOfUsers(Protocol):
    """The messages and memberships of users, in messaging."""

    async def erase(self, user_id: UserId, *, delete_messages: bool) -> None:
        """Remove the user from all groups, and with `delete_messages` delete the user's messages for everyone.

        Safe to repeat. Many messages take minutes. Raise SERVICE_UNAVAILABLE if messaging is unreachable.
        """
        ...


class AttemptLimiter(Protocol):
    """Delays password guesses. It counts failures by key, and `attempts.delay_after` defines the delay for a count.

    A count expires an hour after the last failure, and may be lost when the process ends.
    """

    async def begin(self, limits: Sequence[AttemptLimit]) -> float:
        """Count an attempt for each key, as a failure, and return 0. If an attempt must wait, return the seconds.

        An attempt that must wait is not counted. Of concurrent attempts with one key, only as many begin as the limit
        allows, because each is counted before its password is checked.
        """
        ...

    async def forgive(self, key: str, failures: int) -> None:
        """Remove this many failures from a key's count."""
        ...

    async def reset(self, key: str) -> int:
        """Delete a key's count, and return it."""
        ...


class Avatars(Protocol):
    """Avatar pictures, stored by the media service."""

    async def check(self, media_id: str, *, owner: UserId) -> None:
        """Raise MEDIA_NOT_FOUND if the file does not exist, and MEDIA_FORBIDDEN if it is not an avatar of `owner`.

        Raise SERVICE_UNAVAILABLE if media is unreachable. The call carries the user's token.
        """
        ...
