"""Items that expire, listed by hour in Cassandra, so that expired items can be read by key, however late."""

# ruff: noqa: S608 - the tables' names are part of the program

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from kernel.cassandra.session import CassandraSession
from kernel.time import from_micros, to_micros

_HOUR = 3600 * 1_000_000
# An entry is written once and removed once. With fixed timestamps, a repeated write cannot restore a removed entry,
# even if the clocks of the nodes differ.
_LISTED, _DONE = 1, 2


@dataclass(frozen=True, slots=True)
class Expiry:
    """The id of an item and its time of expiry."""

    subject: str
    at: datetime


class ExpiryIndex:
    """A list of items, kept in its owner's tables `<prefix>_agenda` and `<prefix>_agenda_hours`.

    An item must be added at most an hour after its expiry: later, the list of its hour may be closed.
    """

    def __init__(self, session: CassandraSession, *, prefix: str, name: str) -> None:
        self._session = session
        self._name = name
        entries, hours = f"{prefix}_agenda", f"{prefix}_agenda_hours"
        self._open_hour = f"INSERT INTO {hours} (list, hour) VALUES (?, ?) USING TIMESTAMP {_LISTED}"
        self._close_hour = f"DELETE FROM {hours} USING TIMESTAMP {_DONE} WHERE list = ? AND hour = ?"
        self._hours = f"SELECT hour FROM {hours} WHERE list = ? AND hour <= ?"
        self._list = (
            f"INSERT INTO {entries} (list, hour, due_at, subject) VALUES (?, ?, ?, ?) USING TIMESTAMP {_LISTED}"
        )
        self._entries = f"SELECT due_at, subject FROM {entries} WHERE list = ? AND hour = ? AND due_at <= ?"
        self._remove = (
            f"DELETE FROM {entries} USING TIMESTAMP {_DONE} WHERE list = ? AND hour = ? AND due_at = ? AND subject = ?"
        )

    async def add(self, expiry: Expiry) -> None:
        """Add an item. Adding it again changes nothing, even after `done`."""
        hour, micros = _hour_and_micros(expiry.at)
        # The hour comes first: an entry in an unlisted hour would never be found; an hour without entries is harmless.
        await self._session.execute(self._open_hour, (self._name, hour))
        await self._session.execute(self._list, (self._name, hour, micros, expiry.subject))

    async def done(self, expiry: Expiry) -> None:
        """Remove an item, if it is listed."""
        hour, micros = _hour_and_micros(expiry.at)
        await self._session.execute(self._remove, (self._name, hour, micros, expiry.subject))

    async def until(self, now: datetime) -> AsyncIterator[Expiry]:
        """Yield the items that have expired by `now`, the oldest first. Close past hours that have no items."""
        this_hour, micros = _hour_and_micros(now)
        for row in await self._session.execute(self._hours, (self._name, this_hour)):
            hour, empty = row["hour"], True
            async for entry in self._session.stream(self._entries, (self._name, hour, micros)):
                empty = False
                yield Expiry(entry["subject"], from_micros(entry["due_at"]))
            if empty and hour < this_hour - 1:
                await self._session.execute(self._close_hour, (self._name, hour))


def _hour_and_micros(moment: datetime) -> tuple[int, int]:
    """Return the hour and the microsecond of a time, both counted since 1970."""
    micros = to_micros(moment)
    return micros // _HOUR, micros
