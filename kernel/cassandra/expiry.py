"""What is due at some time, listed by the hour in Cassandra: found by key, however long it was left lying."""

# ruff: noqa: S608 - the tables' names are part of the program

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from kernel.cassandra.session import CassandraSession
from kernel.time import from_micros, to_micros

_HOUR = 3600 * 1_000_000
# An entry is written once and done with once. These timestamps say so, whatever the nodes' clocks say, so that no
# repeated write brings it back.
_LISTED, _DONE = 1, 2


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something, by its id, and the time it was listed for."""

    subject: str
    at: datetime


class ExpiryIndex:
    """One list in the tables `<prefix>_agenda` and `<prefix>_agenda_hours`, which belong to whoever uses it.

    Nothing may be listed for a time more than an hour ago: such an hour may have been closed.
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
        self._strike = (
            f"DELETE FROM {entries} USING TIMESTAMP {_DONE} WHERE list = ? AND hour = ? AND due_at = ? AND subject = ?"
        )

    async def add(self, due: Expiry) -> None:
        """List it; again changes nothing, also after it was done."""
        hour, micros = _place(due.at)
        # The hour first: an hour without entries is harmless, an entry in no known hour would never be found.
        await self._session.execute(self._open_hour, (self._name, hour))
        await self._session.execute(self._list, (self._name, hour, micros, due.subject))

    async def done(self, due: Expiry) -> None:
        """Take it off the list; nothing happens if it is not there."""
        hour, micros = _place(due.at)
        await self._session.execute(self._strike, (self._name, hour, micros, due.subject))

    async def until(self, now: datetime) -> AsyncIterator[Expiry]:
        """What is due by now, by time; hours that are over and empty are closed on the way."""
        this_hour, micros = _place(now)
        for row in await self._session.execute(self._hours, (self._name, this_hour)):
            hour, empty = row["hour"], True
            async for entry in self._session.stream(self._entries, (self._name, hour, micros)):
                empty = False
                yield Expiry(entry["subject"], from_micros(entry["due_at"]))
            if empty and hour < this_hour - 1:
                await self._session.execute(self._close_hour, (self._name, hour))


def _place(moment: datetime) -> tuple[int, int]:
    """The hour since 1970, and the microsecond."""
    micros = to_micros(moment)
    return micros // _HOUR, micros
