"""Knows which ids have no row, because they are later than every stored id of their partition."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from history.cassandra.access import Key, by_replica, gather_all
from kernel.cassandra.session import CassandraSession
from kernel.ids import created_at, time_key

Partition = tuple[str, int]
"""The partition key of a table: a text and an integer."""

_REMEMBERED = 2_000
"""Maximum number of remembered partitions of the table for each partition of the log."""
_AT_ONCE = 20
_NOTHING = b""
_EVERYTHING = b"\xff" * 17


@dataclass(frozen=True, slots=True, kw_only=True)
class IdColumn:
    """A clustering column with UUIDs. Rows with other UUIDs than the compared ones sort below them."""

    at_or_above: str
    """A query for one row per partition; ends with `first IN ? AND second = ? AND id >= ? PER PARTITION LIMIT 1`."""
    first: str
    second: str
    id: str
    time_uuids: bool
    """True if the ids are TimeUUIDs, newest first. False if version 7 UUIDs are compared, and come oldest first."""

    def sort_key(self, each: UUID) -> bytes | None:
        """Return bytes that sort as Cassandra sorts the ids, or None if an id of this version is not compared."""
        if self.time_uuids:
            return time_key(each)
        return None if created_at(each) is None else each.bytes


class NewIds:
    """Remembers the newest stored id of each partition that a single writer writes.

    A partition that is not remembered takes one read, which it shares with others. What is remembered is only valid
    while the ids are stored without interruption, so `possibly_stored` forgets it until `confirm`.
    """

    def __init__(self, *, session: CassandraSession, column: IdColumn) -> None:
        self._session = session
        self._column = column
        self._newest: dict[int, dict[Partition, bytes]] = {}
        self._unconfirmed: dict[int, dict[Partition, bytes]] = {}

    def trust(self, partitions: Collection[int]) -> None:
        """Forget all ids except those from these partitions of the log."""
        self._newest = {log: known for log, known in self._newest.items() if log in partitions}

    async def possibly_stored(
        self, wanted: Mapping[int, Mapping[Partition, Collection[UUID]]]
    ) -> Mapping[Partition, Sequence[UUID]]:
        """Return those ids that may have a row. `wanted` has the ids by partition of the log, and of the table."""
        key = self._column.sort_key
        self._unconfirmed = known = {log: self._take(log, some) for log, some in wanted.items()}
        unknown: dict[Partition, list[UUID]] = {}
        for log, some in wanted.items():
            for partition in some.keys() - known[log].keys():
                if compared := [each for each in some[partition] if key(each)]:
                    unknown.setdefault(partition, []).extend(compared)
        found = await self._newest_of(unknown)
        result: dict[Partition, list[UUID]] = {}
        for log, some in wanted.items():
            for partition, ids in some.items():
                newest = known[log].get(partition, found.get(partition))
                keys = {each: key(each) for each in ids}
                if old := [each for each, k in keys.items() if k is None or newest is None or k <= newest]:
                    result.setdefault(partition, []).extend(old)
                if newest is not None:
                    known[log][partition] = max(newest, *(k for k in keys.values() if k is not None), _NOTHING)
        return result

    def confirm(self) -> None:
        """Record that all ids of the last call of `possibly_stored` are stored."""
        for log, some in self._unconfirmed.items():
            kept = self._newest.setdefault(log, {})
            kept.update(some)
            while len(kept) > _REMEMBERED:
                del kept[next(iter(kept))]
        self._unconfirmed = {}

    def _take(self, log: int, partitions: Iterable[Partition]) -> dict[Partition, bytes]:
        kept = self._newest.get(log, {})
        return {partition: kept.pop(partition) for partition in partitions if partition in kept}

    async def _newest_of(self, unknown: Mapping[Partition, Sequence[UUID]]) -> Mapping[Partition, bytes]:
        """Return for each partition a key at or above the newest stored id, if that is not below all given ids."""
        column = self._column
        groups: dict[int, dict[str, Key]] = {}
        for first, second in unknown:
            groups.setdefault(second, {})[first] = (first, second)
        queries = []
        for second, keys in groups.items():
            for some in by_replica(self._session, keys, _AT_ONCE):
                ids = (each for first in some for each in unknown[first, second])
                queries.append((some, second, min(ids, key=lambda each: column.sort_key(each) or _NOTHING)))
        pages = await gather_all(self._session.execute(column.at_or_above, query) for query in queries)
        found = dict.fromkeys(unknown, _NOTHING)
        for row in (row for page in pages for row in page):
            # Only the first row of a table with the newest first says which id is the newest.
            newest = column.sort_key(row[column.id]) if column.time_uuids else None
            found[row[column.first], row[column.second]] = newest or _EVERYTHING
        return found
