"""StoredLog over history.db."""

from collections.abc import Mapping, Sequence
from functools import partial

from history.sqlite.log_rows import (
    add_epoch,
    adopt_epochs,
    load_ends,
    load_epochs,
    load_marks,
    save_ends,
    stored_offsets,
)
from history.sqlite.reader import SqliteEventReader
from history.stored_log import is_stored
from kernel.log.epochs import LogEpoch, RecordMark
from kernel.log.ports import LogRecord
from kernel.sqlite.database import SqliteDatabase


class SqliteStoredLog:
    """StoredLog over the tables of offsets, marks, ends and epochs."""

    def __init__(self, *, database: SqliteDatabase) -> None:
        self._database = database
        self._events = SqliteEventReader(database=database)

    async def epochs(self) -> Sequence[LogEpoch]:
        return await self._database.read(load_epochs)

    async def begin(self, epoch: LogEpoch) -> bool:
        return await self._database.write(partial(add_epoch, epoch=epoch))

    async def adopt(self) -> None:
        await self._database.write(adopt_epochs)

    async def stored(self) -> Mapping[int, int]:
        return await self._database.read(stored_offsets)

    async def marks(self) -> Mapping[int, RecordMark]:
        return await self._database.read(load_marks)

    async def ends(self) -> Mapping[int, int]:
        return await self._database.read(load_ends)

    async def save_ends(self, ends: Mapping[int, int]) -> None:
        await self._database.write(partial(save_ends, ends=ends))

    async def contains(self, record: LogRecord) -> bool:
        return await is_stored(self._events, record)
