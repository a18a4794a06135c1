"""The contract of LogBookmark, for every adapter."""

from dataclasses import replace

from kernel.log.epochs import EpochCause, LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogPosition, LogRecord
from tests.contract.media.conftest import Stores

FIRST = LogEpoch(number=0, log_id="one", identity="one", begun_at=1.5, adopted=True)
SECOND = LogEpoch(number=1, log_id="one", identity="x", starts={3: 7}, cause=EpochCause.SHORTER_LOG, detail="lost")


def a_record(partition: int, ordinal: int, value: bytes = b"") -> LogRecord:
    return LogRecord(LogPosition(partition, ordinal), "chat", value)


async def test_a_new_bookmark_is_empty(stores: Stores) -> None:
    assert list(await stores.bookmark.epochs()) == []
    assert await stores.bookmark.marks() == {}


async def test_epochs_are_read_back_in_order(stores: Stores) -> None:
    for epoch in (FIRST, SECOND):
        assert await stores.bookmark.begin(epoch)

    assert list(await stores.bookmark.epochs()) == [FIRST, SECOND]


async def test_of_several_nodes_exactly_one_begins_an_epoch(stores: Stores) -> None:
    begun = [await stores.bookmark.begin(replace(SECOND, identity=name)) for name in ("one", "other")]

    assert begun == [True, False]
    assert [epoch.identity for epoch in await stores.bookmark.epochs()] == ["one"]


async def test_the_last_record_of_each_partition_is_marked(stores: Stores) -> None:
    await stores.bookmark.save([a_record(0, 3), a_record(0, 4, b"last"), a_record(2, 1 << 40)])
    await stores.bookmark.save([a_record(2, (1 << 40) + 1, b"next")])

    assert await stores.bookmark.marks() == {
        0: RecordMark(4, record_hash(b"last")),
        2: RecordMark((1 << 40) + 1, record_hash(b"next")),
    }
