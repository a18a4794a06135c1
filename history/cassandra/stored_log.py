"""StoredLog over Cassandra."""

from collections.abc import Mapping, Sequence

from history.cassandra.access import write
from history.cassandra.log_rows import EPOCH_COLUMNS, LOG, epoch_of_row, epoch_values, load_offsets, marks_of_rows
from history.cassandra.reader import CassandraEventReader
from history.cassandra.write_times import larger_offset_wins
from history.stored_log import is_stored
from kernel.cassandra.session import CassandraSession
from kernel.log.epochs import LogEpoch, RecordMark
from kernel.log.ports import LogRecord

_EPOCHS = f"SELECT {EPOCH_COLUMNS} FROM log_epochs WHERE log = ?"
_BEGIN = f"INSERT INTO log_epochs (log, {EPOCH_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
_ADOPT = "UPDATE log_epochs SET adopted = true WHERE log = ? AND number = ? IF EXISTS"
_MARKS = "SELECT log_partition, log_offset, value_hash FROM log_marks WHERE log = ?"
_ENDS = "SELECT log_partition, log_offset FROM log_ends WHERE log = ?"
_SAVE_END = "INSERT INTO log_ends (log, log_partition, log_offset) VALUES (?, ?, ?) USING TIMESTAMP ?"


class CassandraStoredLog:
    """StoredLog over tables with one partition each.

    If several nodes begin an epoch at once, only one node succeeds (lightweight transaction).
    """

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._events = CassandraEventReader(session=session)

    async def epochs(self) -> Sequence[LogEpoch]:
        return [epoch_of_row(row) for row in await self._session.execute(_EPOCHS, (LOG,))]

    async def begin(self, epoch: LogEpoch) -> bool:
        rows = await self._session.execute(_BEGIN, (LOG, *epoch_values(epoch)))
        return bool(rows[0]["[applied]"])

    async def adopt(self) -> None:
        for epoch in await self.epochs():
            if not epoch.adopted:
                await self._session.execute(_ADOPT, (LOG, epoch.number))

    async def stored(self) -> Mapping[int, int]:
        return await load_offsets(self._session)

    async def marks(self) -> Mapping[int, RecordMark]:
        return marks_of_rows(await self._session.execute(_MARKS, (LOG,)))

    async def ends(self) -> Mapping[int, int]:
        rows = await self._session.execute(_ENDS, (LOG,))
        return {row["log_partition"]: row["log_offset"] for row in rows}

    async def save_ends(self, ends: Mapping[int, int]) -> None:
        await write(
            self._session,
            [(_SAVE_END, (LOG, partition, end, larger_offset_wins(end))) for partition, end in ends.items()],
        )

    async def contains(self, record: LogRecord) -> bool:
        return await is_stored(self._events, record)
