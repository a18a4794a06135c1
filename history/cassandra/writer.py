"""RecordWriter and DeadLetters over Cassandra."""

from collections.abc import Mapping, Sequence

from history.cassandra.chat_writer import CassandraChatWriter, ChatOutcome, Failed
from history.cassandra.log_rows import (
    count_letters,
    letters_at,
    letters_before,
    load_offsets,
    pending_withdrawals,
    remove,
    save_dead_letter,
    save_offsets,
)
from history.chat_id import ChatId
from history.codec import decode_record
from history.model import LogEvent
from history.ports import Applied, DeadLetter
from kernel.cassandra.session import CassandraSession
from kernel.errors import KernelReason, unavailable
from kernel.log.epochs import epoch_of
from kernel.log.ports import LogPosition, LogRecord
from kernel.time import Clock


class CassandraRecordWriter:
    """RecordWriter that stores chats concurrently, each in log order, and after them the stored offsets.

    `seq` is correct only with one writer per partition, which the log's consumer group ensures.
    """

    def __init__(self, *, session: CassandraSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._chats = CassandraChatWriter(session=session)
        self._reached: dict[int, int] = {}
        self._nothing_pending: set[int] = set()
        """Partitions of the log without pending withdrawals."""

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        before = await load_offsets(self._session)
        self._check(before)
        new = [record for record in records if record.position.offset > before.get(record.position.partition, -1)]
        continued = self._continued(before, new)
        self._chats.trust(continued)
        # An interrupted attempt may leave withdrawals, so the set is empty until the end of this one.
        none_pending, self._nothing_pending = self._nothing_pending & continued, set()
        outcome = await self._store(new)
        last = {record.position.partition: record for record in new}
        await save_offsets(self._session, last)
        reached = {partition: record.position.offset for partition, record in last.items()}
        self._reached.update(reached)
        stored = {record.position.partition: before.get(record.position.partition, -1) for record in records} | reached
        asked = {record.position.partition for record in records}
        if not outcome.has_copies:
            asked -= none_pending
        pending = await pending_withdrawals(self._session, asked)
        self._nothing_pending = none_pending - asked if pending else none_pending | asked
        return Applied(stored, outcome.events, pending, len(outcome.failed))

    def _continued(self, stored: Mapping[int, int], new: Sequence[LogRecord]) -> set[int]:
        """Return the partitions that no other writer has stored records of, and whose epoch has not ended."""
        ended = {
            record.position.partition
            for record in new
            if epoch_of(record.position.offset) > epoch_of(self._reached.get(record.position.partition, -1))
        }
        return {partition for partition, offset in self._reached.items() if stored[partition] == offset} - ended

    def _check(self, stored: Mapping[int, int]) -> None:
        """Raise STORE_UNAVAILABLE if the store has lost acknowledged writes.

        The check compares the stored offsets, because they are written last.
        """
        behind = {partition for partition, offset in self._reached.items() if stored.get(partition, -1) < offset}
        if behind:
            self._reached.clear()
            raise unavailable(
                KernelReason.STORE_UNAVAILABLE,
                f"what was stored of the log's partitions {sorted(behind)} is not there any more",
            )

    async def _store(self, records: Sequence[LogRecord]) -> ChatOutcome:
        """Store messages, events, chats and dead letters, but not the stored offsets."""
        chats, failed = _by_chat(records)
        outcomes = await self._chats.apply(chats)
        failed.extend(item for outcome in outcomes for item in outcome.failed)
        failed_at = self._clock.now().timestamp()
        await save_dead_letter(self._session, [DeadLetter(item.record, item.error, failed_at) for item in failed])
        order = {record.position: number for number, record in enumerate(records)}
        events = [event for outcome in outcomes for event in outcome.events]
        # Events that are not in `records` come from an interrupted attempt before a new epoch, so they are older.
        events.sort(key=lambda event: order.get(event.position, -1))
        return ChatOutcome(events, failed, has_copies=any(outcome.has_copies for outcome in outcomes))


class CassandraDeadLetters:
    """DeadLetters over a table that has one partition for each partition of the log."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def page(self, *, before: LogPosition | None, limit: int) -> Sequence[DeadLetter]:
        return await letters_before(self._session, await self._partitions(), before=before, limit=limit)

    async def at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        return await letters_at(self._session, positions)

    async def remove(self, position: LogPosition) -> None:
        await remove(self._session, position)

    async def count(self) -> int:
        return await count_letters(self._session, await self._partitions())

    async def _partitions(self) -> Sequence[int]:
        """Return the partitions of the log that have a stored offset, in descending order."""
        return sorted(await load_offsets(self._session), reverse=True)


def _by_chat(records: Sequence[LogRecord]) -> tuple[dict[ChatId, list[LogEvent]], list[Failed]]:
    """Group records by chat, in log order. Return unreadable records separately."""
    chats: dict[ChatId, list[LogEvent]] = {}
    failed: list[Failed] = []
    for record in records:
        try:
            stored = decode_record(record)
        except ValueError as error:
            failed.append(Failed(record, str(error)))
        else:
            chats.setdefault(stored.event.chat_id, []).append(stored)
    return chats, failed
