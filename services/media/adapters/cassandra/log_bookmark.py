"""The log as media has read it, in Cassandra."""

from collections.abc import Mapping, Sequence

from history.cassandra.write_times import larger_offset_wins
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.log.epochs import EpochCause, LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogRecord

# All rows are in this partition of the tables, so that one query by key reads them.
_LOG = "chat-messages"
_COLUMNS = "number, log_id, identity, starts, cause, detail, begun_at, adopted"
_EPOCHS = f"SELECT {_COLUMNS} FROM media_log_epochs WHERE log = ?"
_BEGIN = f"INSERT INTO media_log_epochs (log, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
_MARKS = "SELECT log_partition, log_offset, value_hash FROM media_log_marks WHERE log = ?"
_SAVE = "INSERT INTO media_log_marks (log, log_partition, log_offset, value_hash) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"


class CassandraLogBookmark:
    """LogBookmark in Cassandra. If several nodes begin an epoch at once, only one succeeds. Marks never go back."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def epochs(self) -> Sequence[LogEpoch]:
        return [_epoch(row) for row in await self._session.execute(_EPOCHS, (_LOG,))]

    async def begin(self, epoch: LogEpoch) -> bool:
        values = (
            epoch.number,
            epoch.log_id,
            epoch.identity,
            dict(epoch.starts),
            str(epoch.cause),
            epoch.detail,
            epoch.begun_at,
            epoch.adopted,
        )
        rows = await self._session.execute(_BEGIN, (_LOG, *values))
        return bool(rows[0]["[applied]"])

    async def marks(self) -> Mapping[int, RecordMark]:
        rows = await self._session.execute(_MARKS, (_LOG,))
        return {row["log_partition"]: RecordMark(row["log_offset"], row["value_hash"]) for row in rows}

    async def save(self, records: Sequence[LogRecord]) -> None:
        for partition, record in {record.position.partition: record for record in records}.items():
            offset = record.position.offset
            values = (_LOG, partition, offset, record_hash(record.value), larger_offset_wins(offset))
            await self._session.execute(_SAVE, values)


def _epoch(row: Row) -> LogEpoch:
    return LogEpoch(
        number=row["number"],
        log_id=row["log_id"],
        identity=row["identity"],
        starts=dict(row["starts"] or {}),
        cause=EpochCause(row["cause"]),
        detail=row["detail"],
        begun_at=row["begun_at"],
        adopted=bool(row["adopted"]),
    )
