"""Checks the whole store and the log: every chat, every send, and every record of the log."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from history.codec import decode_record
from history.fold import message_of, send_of
from history.open import HistoryStore
from history.ports import StoredSend
from history.verify.chat_check import ChatCheck, CheckFile
from history.verify.compare import Fault
from history.verify.scratch import SeenEvents
from kernel.log.epoch_check import LogCheck, describe_gaps
from kernel.log.epochs import EpochCause, Ordinals, records_between
from kernel.log.ports import LogPosition, LogReader, LogRecord
from kernel.time import Clock

_CHATS_AT_ONCE = 8
_RECORDS = 500


@dataclass(slots=True)
class Summary:
    """Counters of a check."""

    total_chats: int = 0
    """0 until all ids are known."""
    chats: int = 0
    messages: int = 0
    events: int = 0
    files: int = 0
    records: int = 0
    """Records of the log."""
    not_stored: int = 0
    """Records of the log that are not stored yet."""
    dead_letters: int = 0


@dataclass(slots=True)
class StoreCheck:
    """One check of a store. It changes neither the store nor the log, and works while a mesh runs on them."""

    store: HistoryStore
    log: LogReader
    check_file: CheckFile
    report: Callable[[Fault], None]
    """Is called with each fault, as soon as it is found."""
    clock: Clock
    pause: float = 0.5
    """Seconds after which a fault is checked again, because a mesh may have changed the data."""
    summary: Summary = field(default_factory=Summary)
    """Counters so far."""

    async def __call__(self) -> None:
        """Run the check. Raise UNAVAILABLE if the log or the store cannot be read."""
        with closing(SeenEvents()) as seen:
            # Taken first: everything up to these ordinals is stored before the chats are read.
            stored = await self.store.log.stored()
            ordinals = await self._check_positions(stored)
            await self._check_chats(seen)
            await self._check_sends(seen)
            if ordinals:
                await self._check_records(seen, ordinals, stored)
            self.summary.dead_letters = await self.store.dead_letters.count()

    async def _check_positions(self, stored: Mapping[int, int]) -> Ordinals | None:
        """Compare the offsets. Return the ordinals of the log, or None if the store cannot be compared with the log."""
        check = LogCheck(log=self.log, store=self.store.log, clock=self.clock)
        due = await check.due()
        if due and due.cause is EpochCause.FIRST:
            if stored:
                self.report(Fault("log", "the store has records, but no epoch: start the mesh once"))
            return None
        if due:
            self.report(Fault("log", f"{due.detail}. A new epoch begins at the next start of the mesh"))
            return None
        ordinals = Ordinals(await self.store.log.epochs())
        if gaps := await check.gaps(ordinals):
            self.report(
                Fault("log", f"it has removed records that are not stored: {describe_gaps(gaps)}. See `chatly log`")
            )
        return ordinals

    async def _check_chats(self, seen: SeenEvents) -> None:
        async for page in self.store.scan.chat_ids():
            for chat_id in page:
                seen.add_chat(chat_id)
        self.summary.total_chats = seen.chat_count()
        chats = seen.chats()
        check = ChatCheck(store=self.store, seen=seen, check_file=self.check_file, pause=self.pause)

        async def worker() -> None:
            for chat_id in chats:
                report, faults = await check(chat_id)
                self.summary.chats += 1
                self.summary.messages += report.messages
                self.summary.events += report.events
                self.summary.files += report.files
                for fault in faults:
                    self.report(fault)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_CHATS_AT_ONCE):
                    group.create_task(worker())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _check_sends(self, seen: SeenEvents) -> None:
        """Report sends without a message."""
        async for page in self.store.scan.sends():
            for claim in page:
                if seen.message_of(claim.send) != claim.message_id and not await self._is_sent(claim):
                    sender_id, client_message_id = claim.send
                    text = f"the send {client_message_id} of {sender_id} points to message {claim.message_id}"
                    self.report(Fault(f"chat {claim.chat_id}", f"{text}, which is not stored"))

    async def _is_sent(self, claim: StoredSend) -> bool:
        found = await self.store.messages.messages(claim.chat_id, [claim.message_id])
        state = found.get(claim.message_id)
        return state is not None and state.content is not None

    async def _check_records(self, seen: SeenEvents, ordinals: Ordinals, stored: Mapping[int, int]) -> None:
        """Report records that the persister has skipped."""
        ends = await self.log.ends()
        for partition, end in ends.items():
            upto = ordinals.offset_after(partition, stored.get(partition, -1))
            self.summary.not_stored += records_between(stored.get(partition, -1), ordinals.end(partition, end))
            async for record in self._records(partition, upto):
                self.summary.records += 1
                fault = await self._record_fault(record, ordinals, seen)
                if fault:
                    self.report(Fault(f"log partition {partition}", f"offset {record.position.offset}: {fault}"))

    async def _records(self, partition: int, upto: int) -> AsyncIterator[LogRecord]:
        after = -1
        while after < upto and (page := await self.log.read(partition, after=after, limit=_RECORDS)):
            for record in page:
                if record.position.offset <= upto:
                    yield record
            after = page[-1].position.offset

    async def _record_fault(self, record: LogRecord, ordinals: Ordinals, seen: SeenEvents) -> str | None:
        try:
            event = decode_record(record).event
        except ValueError:
            return None  # a dead letter
        if seen.has_event(event):
            return None
        if (send := send_of(event)) and seen.message_of(send) not in (None, event.event_id):
            return None  # the second copy of a send
        message_id = message_of(event)
        if message_id:
            found = await self.store.messages.messages(event.chat_id, [message_id])
            if message_id in found and found[message_id].withdrawn:
                return None
        position = LogPosition(record.position.partition, ordinals.of(record.position).offset)
        if await self.store.dead_letters.at([position]):
            return None
        return f"event {event.event_id} of chat {event.chat_id} was skipped: it is not stored"
