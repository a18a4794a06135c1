"""The log as media has read it, in Cassandra."""

from collections.abc import Mapping, Sequence

from history.cassandra.log_rows import EPOCH_COLUMNS, LOG, epoch_of_row, epoch_values, marks_of_rows
from history.cassandra.write_times import larger_offset_wins
from kernel.cassandra.session import CassandraSession
from kernel.log.epochs import LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogRecord

_EPOCHS = f"SELECT {EPOCH_COLUMNS} FROM media_log_epochs WHERE log = ?"
_BEGIN = f"INSERT INTO media_log_epochs (log, {EPOCH_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
_MARKS = "SELECT log_partition, log_offset, value_hash FROM media_log_marks WHERE log = ?"
_SAVE = "INSERT INTO media_log_marks (log, log_partition, log_offset, value_hash) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"


class CassandraLogBookmark:
    """LogBookmark in Cassandra. If several nodes begin an epoch at once, only one succeeds. Marks never go back."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def epochs(self) -> Sequence[LogEpoch]:
        return [epoch_of_row(row) for row in await self._session.execute(_EPOCHS, (LOG,))]

    async def begin(self, epoch: LogEpoch) -> bool:
        rows = await self._session.execute(_BEGIN, (LOG, *epoch_values(epoch)))
        return bool(rows[0]["[applied]"])

    async def marks(self) -> Mapping[int, RecordMark]:
        return marks_of_rows(await self._session.execute(_MARKS, (LOG,)))

    async def save(self, records: Sequence[LogRecord]) -> None:
        for partition, record in {record.position.partition: record for record in records}.items():
            offset = record.position.offset
            values = (LOG, partition, offset, record_hash(record.value), larger_offset_wins(offset))
            await self._session.execute(_SAVE, values)
