"""Account rows in Cassandra: reads and conditional writes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, select_by_keys
from kernel.ids import UserId
from kernel.time import from_micros, maybe_from_micros, to_micros
from services.auth.model import Account

_COLUMNS = "username, email, password, bio, avatar_url, created_at, updated_at, deleted_at, revision"
_READ = f"SELECT user_id, {_COLUMNS} FROM users WHERE user_id IN ?"
_INSERT = f"INSERT INTO users (user_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
_UPDATE = (
    "UPDATE users SET username = ?, email = ?, password = ?, bio = ?, avatar_url = ?, created_at = ?, updated_at = ?,"
    " deleted_at = ?, revision = ? WHERE user_id = ? IF revision = ?"
)
_AVATARS = "/api/uploads/"


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account with its revision. Each change increases the revision by one."""

    account: Account
    revision: int


class CassandraUserRows:
    """The rows of accounts. All writes are conditional (Paxos).

    A plain write after a stale read could lose a new password or restore a deleted account.
    """

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def find(self, user_id: UserId) -> UserRow | None:
        rows = await self._session.execute(_READ, ([user_id],))
        return UserRow(_account(rows[0]), rows[0]["revision"]) if rows else None

    async def find_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, Account]:
        """Return the accounts by id. Unknown ids are absent."""
        rows = await select_by_keys(self._session, _READ, user_ids)
        return {UserId(row["user_id"]): _account(row) for row in rows}

    async def add(self, account: Account) -> UserRow:
        """Store a new account with revision 1. Its id must be new."""
        await self._session.execute(_INSERT, (account.user_id, *_values(account), 1))
        return UserRow(account, 1)

    async def replace(self, row: UserRow, account: Account) -> UserRow | None:
        """Write the whole account. Return None if the row has changed since it was read."""
        revision = row.revision + 1
        answer = await self._session.execute(_UPDATE, (*_values(account), revision, account.user_id, row.revision))
        return UserRow(account, revision) if answer[0]["[applied]"] else None


def _values(account: Account) -> tuple[object, ...]:
    return (
        account.username,
        account.email,
        account.password_hash,
        account.bio,
        f"{_AVATARS}{account.avatar_media_id}" if account.avatar_media_id else "",
        to_micros(account.created_at),
        to_micros(account.updated_at),
        to_micros(account.deleted_at) if account.deleted_at else None,
    )


def _account(row: Row) -> Account:
    return Account(
        user_id=UserId(row["user_id"]),
        username=row["username"],
        email=row["email"],
        password_hash=row["password"],
        bio=row["bio"],
        avatar_media_id=row["avatar_url"].removeprefix(_AVATARS),
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
        deleted_at=maybe_from_micros(row["deleted_at"]),
    )
