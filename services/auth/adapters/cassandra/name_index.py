"""Usernames in order, in Cassandra: a partition for each pair of first letters. An entry is only a hint."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId

_BUCKET_LETTERS = 2
_MOST_AT_ONCE = 32
_SHELF = "all"
# Sorts after everything a username or an id may hold.
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
    """A folded username, and who has it as far as the index knows."""

    folded: str
    user_id: UserId


class CassandraNameIndex:
    """Written before an account takes a name, and after it let go of one: it may hold too much, never too little.

    Its write timestamps are the account's revisions, so that a name left and taken again stays.
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
        """Names that begin with `prefix` and are greater than `after`, in order, fetched about `limit` at a time."""
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
        """Few at first, which is all that a large directory needs for a page; then more and more."""
        buckets: list[str] = []
        wanted = 1
        async for row in self._session.stream(_BUCKETS, (_SHELF, _bucket(low.folded), _bucket(high.folded))):
            buckets.append(row["bucket"])
            if len(buckets) == wanted:
                yield buckets
                buckets, wanted = [], min(2 * wanted, _MOST_AT_ONCE)
        if buckets:
            yield buckets

    async def _read(self, buckets: list[str], low: Entry, high: Entry, limit: int) -> dict[str, list[Entry]]:
        """The first entries of each bucket, in order."""
        bounds = (low.folded, low.user_id, high.folded, high.user_id)
        found: dict[str, list[Entry]] = {bucket: [] for bucket in buckets}
        for row in await self._session.execute(_READ, (buckets, *bounds, limit)):
            found[row["bucket"]].append(Entry(row["folded"], UserId(row["user_id"])))
        return found


def _bucket(folded: str) -> str:
    return folded[:_BUCKET_LETTERS]
