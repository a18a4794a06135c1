"""Checks one chat: its messages, head, lists and files against its stored events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from history.chat_id import ChatId
from history.fold import apply_to_chat, message_of, send_of
from history.model import AttachedMedia, ChatState, LogEvent, MessageState, MessageWithdrawn
from history.open import HistoryStore
from history.ports import ChatHead, Window
from history.verify.compare import Fault, chat_faults, later_ids, message_faults
from history.verify.scratch import EventSorter, SeenEvents
from kernel.errors import ChatlyError

CheckFile = Callable[[AttachedMedia], Awaitable[str | None]]
"""Returns the fault of a file that a message names, or None."""

_PAGE = 200
_RUNS = 3
_PAUSE_SECONDS = 0.5


@dataclass(slots=True)
class ChatReport:
    """The result for one chat."""

    faults: list[str] = field(default_factory=list)
    messages: int = 0
    events: int = 0
    files: int = 0


@dataclass(slots=True)
class _Events:
    """The stored events of one chat."""

    sorter: EventSorter
    state: ChatState | None = None
    """The fold of the events up to the head."""
    last: LogEvent | None = None
    """The last event that is completely stored."""
    sends: int = 0
    in_progress: set[UUID] = field(default_factory=set)
    """Messages that the persister is changing at the moment. They are not compared."""
    copied_at: set[datetime] = field(default_factory=set)
    """The times of withdrawn copies."""


class ChatCheck:
    """Compares chats with their events, also while a persister changes them.

    A fault counts if three runs find it. What changes between two reads of one run is different in the next run.
    """

    def __init__(
        self, *, store: HistoryStore, seen: SeenEvents, check_file: CheckFile, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._store = store
        self._seen = seen
        self._check_file = check_file
        self._pause = pause

    async def __call__(self, chat_id: ChatId) -> tuple[ChatReport, list[Fault]]:
        """Check a chat. Return what was read, and the faults."""
        report = await self._run(chat_id)
        for _ in range(_RUNS - 1):
            if not report.faults:
                break
            await asyncio.sleep(self._pause)
            known, report = report, await self._run(chat_id)
            report.faults = [fault for fault in report.faults if fault in known.faults]
        return report, [Fault(f"chat {chat_id}", text) for text in dict.fromkeys(report.faults)]

    async def _run(self, chat_id: ChatId) -> ChatReport:
        report = ChatReport()
        try:
            await self._compare(chat_id, report)
        except ChatlyError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged row can raise any error
            report.faults.append(f"a row cannot be read: {type(error).__name__}: {error}")
        return report

    async def _compare(self, chat_id: ChatId, report: ChatReport) -> None:
        # Read the offsets first, then the head: all events up to these offsets are stored completely.
        offsets = await self._store.events.stored()
        head = (await self._store.chats.heads([chat_id])).get(chat_id)
        with closing(EventSorter()) as sorter:
            events = _Events(sorter)
            async for stored in self._events(chat_id):
                report.events += 1
                self._take(stored, events, head, report)
                if stored.position.offset > offsets.get(stored.position.partition, -1):
                    events.in_progress.update(filter(None, (message_of(stored.event),)))
                else:
                    events.last = stored
            await self._compare_chat(chat_id, head, events, report)
            async for expected, found in self._messages(chat_id, sorter):
                await self._compare_message(expected, found, events, report)

    async def _events(self, chat_id: ChatId) -> AsyncIterator[LogEvent]:
        after = -1
        while page := await self._store.events.events_after(chat_id, after, _PAGE):
            for stored in page:
                yield stored
            after = page[-1].position.offset

    def _take(self, stored: LogEvent, events: _Events, head: ChatHead | None, report: ChatReport) -> None:
        event = stored.event
        if (other := self._seen.add_event(stored)) is not None:
            report.faults.append(f"event {event.event_id} is stored at ordinals {other} and {stored.position.offset}")
        if head and stored.position.offset <= head.position.offset:
            events.state = apply_to_chat(events.state, event)
        if isinstance(event.change, MessageWithdrawn):
            events.copied_at.add(event.occurred_at)
        if send := send_of(event):
            events.sends += 1
            report.messages += 1
            if first := self._seen.add_send(send, event.event_id):
                report.faults.append(
                    f"message {event.event_id} repeats message {first}: sender {send[0]}, client_message_id {send[1]}"
                )
        if message_id := message_of(event):
            events.sorter.add(message_id, stored, seq=events.sends if send else 0)

    async def _compare_chat(self, chat_id: ChatId, head: ChatHead | None, events: _Events, report: ChatReport) -> None:
        if head is None:
            if events.last:
                report.faults.append(f"it has {report.events} events, but no head")
            return
        if events.last and head.position.offset < events.last.position.offset:
            report.faults.append(
                f"its head is at ordinal {head.position.offset}, its last event at {events.last.position.offset}"
            )
        expected = events.state or ChatState(chat_id)
        later = later_ids(expected, head.state)
        copies = await self._store.messages.messages(chat_id, later) if later else {}
        withdrawn = {message_id for message_id, state in copies.items() if state.withdrawn}
        report.faults += chat_faults(expected, head.state, withdrawn=withdrawn, copied_at=events.copied_at)
        people = {*(chat_id.members if chat_id.is_direct else ()), *expected.memberships}
        for user_id in sorted(people - set(await self._store.scan.listed(chat_id, people))):
            report.faults.append(f"it is missing from the list of user {user_id}")

    async def _messages(
        self, chat_id: ChatId, events: EventSorter
    ) -> AsyncIterator[tuple[MessageState | None, MessageState | None]]:
        """Yield each message twice: as its events say, and as it is stored. Only one of the two may exist."""
        after: UUID | None = None
        while True:
            page = await self._store.messages.window(chat_id, Window(limit=_PAGE, newest_first=False, after=after))
            last = page[-1].message_id if len(page) == _PAGE else None
            waiting = {state.message_id: state for state in page}
            for some in _chunks(events.between(after, last)):
                # The page has no messages without content, such as withdrawn ones.
                absent = [state.message_id for state in some if state.message_id not in waiting]
                others = await self._store.messages.messages(chat_id, absent) if absent else {}
                for expected in some:
                    message_id = expected.message_id
                    yield expected, waiting.pop(message_id, None) or others.get(message_id)
            for found in waiting.values():
                yield None, found
            if last is None:
                return
            after = last

    async def _compare_message(
        self, expected: MessageState | None, found: MessageState | None, events: _Events, report: ChatReport
    ) -> None:
        if expected and expected.message_id in events.in_progress:
            return
        report.faults += message_faults(expected, found)
        if expected is None or expected.content is None or expected.withdrawn:
            return
        content = expected.content
        send = (content.sender_id, content.client_message_id)
        if (kept := await self._store.messages.sent(*send)) != (expected.chat_id, expected.message_id):
            points = f"points to message {kept[1]}" if kept else "is missing"
            report.faults.append(f"the send of message {expected.message_id} {points}")
        if expected.deleted_for_everyone:
            return
        for file in content.attachments:
            report.files += 1
            if fault := await self._check_file(file):
                report.faults.append(f"message {expected.message_id} names file {file.media_id}: {fault}")


def _chunks(states: Iterator[MessageState]) -> Iterator[Sequence[MessageState]]:
    while some := list(islice(states, _PAGE)):
        yield some
