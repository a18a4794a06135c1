"""A sorted index of usernames in Cassandra. Usernames with the same first two letters share a partition.

Entries may be outdated, so readers check each entry against its account.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId
from services.auth.adapters.cassandra.user_rows import CassandraUserRows
from services.auth.model import Account
from services.auth.names import fold

_BUCKET_LETTERS = 2
_MAX_BUCKETS = 32
_SHELF = "all"
# Sorts after every valid username and id.
_LAST = "\U0010ffff"

_OPEN_BUCKET = "INSERT INTO username_buckets (shelf, bucket) VALUES (?, ?) USING TIMESTAMP 1"
_BUCKETS = "SELECT bucket FROM username_buckets WHERE shelf = ? AND bucket >= ? AND bucket <= ?"
_ADD = "INSERT INTO usernames_by_bucket (bucket, folded, user_id) VALUES (?, ?, ?) USING TIMESTAMP ?"
_REMOVE = "DELETE FROM usernames_by_bucket USING TIMESTAMP ? WHERE bucket = ? AND folded = ? AND user_id = ?"
_READ = (
    "SELECT bucket, folded, user_id FROM usernames_by_bucket"
    " WHERE bucket IN ? AND (folded, user_id) > (?, ?) AND (folded, user_id) < (?, ?) PER PARTITION LIMIT ?"
)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A folded username, and the user who has it according to the index."""

    folded: str
    user_id: UserId


class CassandraNameIndex:
    """The index of usernames. It contains every name in use, and may contain outdated entries.

    A node adds an entry before an account takes the name, and removes the entry when the account gives the name up. The
    write timestamp is the account's revision, so that a name that is given up and taken again stays in the index.
    """

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def add(self, entry: Entry, *, revision: int) -> None:
        bucket = _bucket(entry.folded)
        await self._session.execute(_OPEN_BUCKET, (_SHELF, bucket))
        await self._session.execute(_ADD, (bucket, entry.folded, entry.user_id, revision))

    async def remove(self, entry: Entry, *, revision: int) -> None:
        await self._session.execute(_REMOVE, (revision, _bucket(entry.folded), entry.folded, entry.user_id))

    async def entries(self, *, prefix: str, after: str, limit: int) -> AsyncIterator[Entry]:
        """Yield the entries whose names start with `prefix` and are greater than `after`, in order.

        Read about `limit` entries at a time.
        """
        low = Entry(after, UserId(_LAST)) if after >= prefix else Entry(prefix, UserId(""))
        high = Entry(prefix + _LAST, UserId(""))
        async for buckets in self._buckets(low, high):
            starts = await self._read(buckets, low, high, limit)
            for bucket in buckets:
                entries = starts[bucket]
                while entries:
                    for entry in entries:
                        yield entry
                    full = len(entries) == limit
                    entries = (await self._read([bucket], entries[-1], high, limit))[bucket] if full else []

    async def _buckets(self, low: Entry, high: Entry) -> AsyncIterator[list[str]]:
        """Yield lists of buckets. The first list has one bucket, and each further list has twice as many, up to 32.

        In a large directory the first bucket usually suffices.
        """
        buckets: list[str] = []
        wanted = 1
        async for row in self._session.stream(_BUCKETS, (_SHELF, _bucket(low.folded), _bucket(high.folded))):
            buckets.append(row["bucket"])
            if len(buckets) == wanted:
                yield buckets
                buckets, wanted = [], min(2 * wanted, _MAX_BUCKETS)
        if buckets:
            yield buckets

    async def _read(self, buckets: list[str], low: Entry, high: Entry, limit: int) -> dict[str, list[Entry]]:
        """Return up to `limit` entries between `low` and `high` from each bucket, sorted."""
        bounds = (low.folded, low.user_id, high.folded, high.user_id)
        found: dict[str, list[Entry]] = {bucket: [] for bucket in buckets}
        for row in await self._session.execute(_READ, (buckets, *bounds, limit)):
            found[row["bucket"]].append(Entry(row["folded"], UserId(row["user_id"])))
        return found


class CassandraDirectory:
    """UserDirectory that reads the index and checks its entries against the accounts."""

    def __init__(self, *, rows: CassandraUserRows, index: CassandraNameIndex) -> None:
        self._rows = rows
        self._index = index

    async def page(self, *, prefix: str, after: str, limit: int) -> Sequence[Account]:
        found: list[Account] = []
        hints: list[Entry] = []
        async for hint in self._index.entries(prefix=prefix, after=after, limit=limit):
            hints.append(hint)
            if len(found) + len(hints) == limit:
                found += await self._matching(hints)
                hints = []
                if len(found) == limit:
                    return found
        return found + await self._matching(hints)

    async def _matching(self, hints: Sequence[Entry]) -> list[Account]:
        accounts = await self._rows.find_many([hint.user_id for hint in hints])
        # This also skips deleted accounts, because their names are empty.
        return [
            account
            for hint in hints
            if (account := accounts.get(hint.user_id)) and fold(account.username) == hint.folded
        ]


def _bucket(folded: str) -> str:
    return folded[:_BUCKET_LETTERS]
