"""Pages of people by username, from Cassandra."""

from collections.abc import Sequence

from services.auth.adapters.cassandra.name_index import CassandraNameIndex, Entry
from services.auth.adapters.cassandra.user_rows import CassandraUserRows
from services.auth.model import Account
from services.auth.names import fold


class CassandraDirectory:
    """UserDirectory. The accounts have the last word on what the index says."""

    def __init__(self, *, rows: CassandraUserRows, index: CassandraNameIndex) -> None:
        self._rows = rows
        self._index = index

    async def page(self, *, prefix: str, after: str, limit: int) -> Sequence[Account]:
        found: list[Account] = []
        hints: list[Entry] = []
        async for hint in self._index.entries(prefix=prefix, after=after, limit=limit):
            hints.append(hint)
            if len(found) + len(hints) == limit:
                found += await self._living(hints)
                hints = []
                if len(found) == limit:
                    return found
        return found + await self._living(hints)

    async def _living(self, hints: Sequence[Entry]) -> list[Account]:
        accounts = await self._rows.find_many([hint.user_id for hint in hints])
        # Somebody deleted has the empty name.
        return [
            account
            for hint in hints
            if (account := accounts.get(hint.user_id)) and fold(account.username) == hint.folded
        ]
