"""Accounts in SQLite: a row by id, and one reservation each of the e-mail address and the username."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, maybe_from_micros, to_micros
from services.auth.errors import email_taken, username_taken
from services.auth.model import Account, ProfileChange
from services.auth.names import fold

# Sorts after every valid username.
_LAST = "\U0010ffff"


class SqliteUsers:
    """AccountStore, AccountChanges and UserDirectory in SQLite."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        await self._database.write(lambda connection: _insert(connection, account))

    async def get(self, user_ids: Collection[UserId]) -> Mapping[UserId, Account]:
        def job(connection: sqlite3.Connection) -> dict[UserId, Account]:
            found = (_account(connection, user_id) for user_id in set(user_ids))
            return {account.user_id: account for account in found if account}

        return await self._database.read(job)

    async def find_by_email(self, folded_email: str) -> Account | None:
        query = "SELECT users.* FROM emails JOIN users USING (user_id) WHERE folded = ?"
        row = await self._database.read(lambda connection: connection.execute(query, (folded_email,)).fetchone())
        return _from_row(row) if row else None

    async def change_profile(self, user_id: UserId, change: ProfileChange, *, at: datetime) -> Account | None:
        return await self._database.write(lambda connection: _change(connection, user_id, change, at))

    async def set_password(self, user_id: UserId, *, old_hash: bytes, new_hash: bytes) -> Account | None:
        query = "UPDATE users SET password_hash = ? WHERE user_id = ? AND password_hash = ? AND deleted_at IS NULL"

        def job(connection: sqlite3.Connection) -> Account | None:
            changed = connection.execute(query, (new_hash, user_id, old_hash)).rowcount
            return _account(connection, user_id) if changed else None

        return await self._database.write(job)

    async def delete(self, user_id: UserId, *, at: datetime) -> Account | None:
        return await self._database.write(lambda connection: _delete(connection, user_id, at))

    async def page(self, *, prefix: str, after: str, limit: int) -> Sequence[Account]:
        query = (
            "SELECT users.* FROM usernames JOIN users USING (user_id)"
            " WHERE folded > ? AND folded >= ? AND folded < ? ORDER BY folded LIMIT ?"
        )
        bounds = (after, prefix, prefix + _LAST, limit)
        rows = await self._database.read(lambda connection: connection.execute(query, bounds).fetchall())
        return [_from_row(row) for row in rows]


def _insert(connection: sqlite3.Connection, account: Account) -> None:
    if not _reserve(connection, "emails", account.email, account.user_id):
        raise email_taken()
    if not _reserve(connection, "usernames", account.username, account.user_id):
        raise username_taken()
    connection.execute(
        "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            account.user_id,
            account.username,
            account.email,
            account.password_hash,
            account.bio,
            account.avatar_media_id,
            to_micros(account.created_at),
            to_micros(account.updated_at),
            to_micros(account.deleted_at) if account.deleted_at else None,
        ),
    )


def _reserve(connection: sqlite3.Connection, table: str, text: str, user_id: UserId) -> bool:
    """Reserve an address or a name. Return False if another user has it."""
    folded = fold(text)
    connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", (folded, user_id))  # noqa: S608
    row = connection.execute(f"SELECT user_id FROM {table} WHERE folded = ?", (folded,)).fetchone()  # noqa: S608
    return bool(row["user_id"] == user_id)


def _change(connection: sqlite3.Connection, user_id: UserId, change: ProfileChange, at: datetime) -> Account | None:
    account = _account(connection, user_id)
    if account is None or account.deleted_at is not None:
        return None
    if change.username is not None:
        _rename(connection, account, change.username)
    connection.execute(
        "UPDATE users SET username = coalesce(?, username), bio = coalesce(?, bio),"
        " avatar_media_id = coalesce(?, avatar_media_id), updated_at = ? WHERE user_id = ?",
        (change.username, change.bio, change.avatar_media_id, to_micros(at), user_id),
    )
    return _account(connection, user_id)


def _rename(connection: sqlite3.Connection, account: Account, username: str) -> None:
    if not _reserve(connection, "usernames", username, account.user_id):
        raise username_taken()
    if fold(username) != fold(account.username):
        connection.execute("DELETE FROM usernames WHERE folded = ?", (fold(account.username),))


def _delete(connection: sqlite3.Connection, user_id: UserId, at: datetime) -> Account | None:
    account = _account(connection, user_id)
    if account is None or account.deleted_at is not None:
        return None
    connection.execute("DELETE FROM emails WHERE folded = ?", (fold(account.email),))
    connection.execute("DELETE FROM usernames WHERE folded = ?", (fold(account.username),))
    connection.execute(
        "UPDATE users SET username = '', email = '', password_hash = x'', bio = '', avatar_media_id = '',"
        " updated_at = :at, deleted_at = :at WHERE user_id = :user_id",
        {"at": to_micros(at), "user_id": user_id},
    )
    return _account(connection, user_id)


def _account(connection: sqlite3.Connection, user_id: UserId) -> Account | None:
    row = connection.execute("SELECT * FROM users WHERE user_id = ?", (user_id,)).fetchone()
    return _from_row(row) if row else None


def _from_row(row: sqlite3.Row) -> Account:
    return Account(
        user_id=UserId(row["user_id"]),
        username=row["username"],
        email=row["email"],
        password_hash=row["password_hash"],
        bio=row["bio"],
        avatar_media_id=row["avatar_media_id"],
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
        deleted_at=maybe_from_micros(row["deleted_at"]),
    )
