"""Signing keys in SQLite. Private keys lie there as they are: the file is readable by its owner alone."""

import sqlite3
from collections.abc import Sequence

from kernel.sqlite.database import SqliteDatabase
from kernel.time import from_micros, to_micros
from services.auth.model import SigningKey


class SqliteKeys:
    """KeyStore."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def all(self) -> Sequence[SigningKey]:
        query = "SELECT * FROM signing_keys ORDER BY number"
        return [_key(row) for row in await self._database.read(lambda connection: connection.execute(query).fetchall())]

    async def add(self, key: SigningKey) -> bool:
        query = "INSERT OR IGNORE INTO signing_keys VALUES (?, ?, ?, ?)"
        row = (key.number, key.kid, key.seed, to_micros(key.signs_from))
        return await self._database.write(lambda connection: connection.execute(query, row).rowcount == 1)

    async def remove(self, number: int) -> None:
        query = "DELETE FROM signing_keys WHERE number = ?"
        await self._database.write(lambda connection: connection.execute(query, (number,)))


def _key(row: sqlite3.Row) -> SigningKey:
    return SigningKey(number=row["number"], kid=row["kid"], seed=row["seed"], signs_from=from_micros(row["signs_from"]))
