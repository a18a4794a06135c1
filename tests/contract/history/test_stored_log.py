"""Every store records which log it has read, and how far."""

from dataclasses import replace

from history.open import HistoryStore
from kernel.log.epochs import EpochCause, LogEpoch, RecordMark, record_hash
from tests.unit.history.builders import ChatBuilder, records_of

FIRST = LogEpoch(number=0, log_id="one", identity="one", adopted=True)
SECOND = LogEpoch(
    number=1,
    log_id="one",
    identity="a name",
    starts={0: 7, 3: 1 << 39},
    cause=EpochCause.SHORTER_LOG,
    detail="some are missing",
    begun_at=1.5,
)


async def test_epochs_are_returned_in_order_as_they_were_begun(store: HistoryStore) -> None:
    assert await store.log.begin(FIRST)
    assert await store.log.begin(SECOND)

    assert list(await store.log.epochs()) == [FIRST, SECOND]


async def test_an_epoch_begins_once(store: HistoryStore) -> None:
    await store.log.begin(FIRST)

    assert not await store.log.begin(replace(FIRST, log_id="other"))
    assert list(await store.log.epochs()) == [FIRST]


async def test_adopted_epochs_stay_adopted(store: HistoryStore) -> None:
    await store.log.begin(FIRST)
    await store.log.begin(SECOND)

    await store.log.adopt()

    assert list(await store.log.epochs()) == [FIRST, replace(SECOND, adopted=True)]


async def test_the_last_stored_record_is_marked(store: HistoryStore) -> None:
    chat = ChatBuilder()
    records = records_of([chat.sent() for _ in range(3)])

    await store.writer.apply(records)

    last = records[-1]
    assert await store.log.marks() == {
        last.position.partition: RecordMark(last.position.offset, record_hash(last.value))
    }
    assert await store.log.stored() == {last.position.partition: last.position.offset}


async def test_ends_never_move_back(store: HistoryStore) -> None:
    await store.log.save_ends({0: 5, 1: 1 << 40})
    await store.log.save_ends({0: 4, 1: (1 << 40) + 2})

    assert await store.log.ends() == {0: 5, 1: (1 << 40) + 2}


async def test_a_record_is_contained_at_its_own_position_only(store: HistoryStore) -> None:
    chat = ChatBuilder()
    records = records_of([chat.sent() for _ in range(2)])
    await store.writer.apply(records[:1])

    assert await store.log.contains(records[0])
    assert not await store.log.contains(records[1])
    assert not await store.log.contains(replace(records[0], value=records[1].value))
    assert not await store.log.contains(replace(records[0], value=b"unreadable"))
