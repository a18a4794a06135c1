"""Contract of StoreScan, and the check of a whole store, over every adapter."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from history.chat_id import ChatId
from history.codec import encode
from history.model import AttachedMedia, MessageSent, Role
from history.open import HistoryStore
from history.ports import MessageFiles, StoredSend
from history.verify.store_check import StoreCheck
from kernel.log.epoch_check import LogCheck
from kernel.log.ports import LogPosition, LogRecord
from kernel.sqlite.log import SqliteLog, open_sqlite_log
from tests.builders import NOON, an_id
from tests.fakes import FakeClock
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, PHOTO, ChatBuilder, a_user, records_of


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    async with open_sqlite_log(tmp_path / "log.db") as opened:
        yield opened


async def test_all_chats_and_sends_are_found(store: HistoryStore) -> None:
    chats = [ChatBuilder(ChatId.direct(ANN, a_user())) for _ in range(30)]
    events = [chat.sent() for chat in chats]
    await store.writer.apply(records_of(events))

    assert {chat_id async for page in store.scan.chat_ids() for chat_id in page} == {chat.chat_id for chat in chats}
    sends = [send async for page in store.scan.sends() for send in page]
    expected = [
        StoredSend((ANN, event.change.client_message_id), event.chat_id, event.event_id)
        for event in events
        if isinstance(event.change, MessageSent)
    ]
    assert sorted(sends, key=str) == sorted(expected, key=str)


async def test_the_lists_of_users_are_found(store: HistoryStore) -> None:
    group = ChatBuilder(A_GROUP)
    await store.writer.apply(records_of([group.created(ANN, BOB)]))

    assert set(await store.scan.listed(A_GROUP, [ANN, BOB, CAT])) == {ANN, BOB}
    assert not list(await store.scan.listed(A_GROUP, []))


async def test_the_files_of_messages_are_found_in_small_pages(store: HistoryStore) -> None:
    chats = [ChatBuilder(), ChatBuilder(A_GROUP), *(ChatBuilder(ChatId.direct(ANN, a_user())) for _ in range(4))]
    events = [chat.sent(attachments=(PHOTO, replace(PHOTO, media_id=an_id()))) for chat in chats for _ in range(3)]
    for chat in chats:
        events.insert(chats.index(chat), chat.sent(text="without a file"))
    later = ChatBuilder(clock=FakeClock(NOON + timedelta(days=40)))
    events.append(later.sent(attachments=(PHOTO,)))
    await store.writer.apply(records_of(events))

    found = await all_files(store, limit=2)

    expected = [
        MessageFiles(event.chat_id, event.event_id, ANN, [media.media_id for media in event.change.attachments])
        for event in events
        if isinstance(event.change, MessageSent) and event.change.attachments
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(found) == 3 * len(chats) + 1


async def test_an_edited_message_keeps_its_files_and_a_removed_one_has_none(store: HistoryStore) -> None:
    chat = ChatBuilder()
    edited, deleted, hidden, lost = (chat.sent(attachments=(PHOTO,)) for _ in range(4))
    copy = replace(chat.sent(), change=hidden.change)
    events = [edited, deleted, hidden, copy, chat.edited(edited, "new"), chat.edited(lost, "of a send that is lost")]
    events += [chat.deleted_for_everyone(deleted), chat.deleted_by(BOB, hidden)]
    applied = await store.writer.apply(records_of(events))
    await store.writer.apply(records_of(applied.withdrawals, start=len(events)))

    found = await all_files(store, limit=100)

    assert {each.message_id for each in found} == {edited.event_id, hidden.event_id}


async def test_an_empty_store_has_no_files(store: HistoryStore) -> None:
    assert await all_files(store, limit=10) == []


async def all_files(store: HistoryStore, *, limit: int) -> list[MessageFiles]:
    found: list[MessageFiles] = []
    after = b""
    while True:
        page = await store.scan.files(after=after, limit=limit)
        found += page.messages
        if not page.next_after:
            return found
        after = page.next_after


async def test_a_store_that_was_written_by_the_persister_has_no_fault(store: HistoryStore, log: SqliteLog) -> None:
    await store_events(store, log)

    faults, check = await checked(store, log)

    assert faults == []
    assert (check.summary.chats, check.summary.files, check.summary.not_stored) == (2, 1, 0)
    assert check.summary.messages == 453


async def test_records_that_were_skipped_are_found(store: HistoryStore, log: SqliteLog) -> None:
    await store_events(store, log)
    chat = ChatBuilder(clock=FakeClock(NOON + timedelta(days=1)))
    skipped, last = chat.sent(BOB), chat.sent(BOB)
    await log.append(skipped.chat_id, encode(skipped))
    position = await log.append(last.chat_id, encode(last))
    await store.writer.apply([LogRecord(position, last.chat_id, encode(last))])

    faults, _ = await checked(store, log)

    where = f"log partition {position.partition}: offset {position.offset - 1}"
    assert faults == [f"{where}: event {skipped.event_id} of chat {ANN_AND_BOB} was skipped: it is not stored"]


async def store_events(store: HistoryStore, log: SqliteLog) -> None:
    """Append and store events of each kind, and more messages than a page has."""
    chat, group = ChatBuilder(), ChatBuilder(A_GROUP)
    first, with_file, deleted = chat.sent(), chat.sent(BOB, attachments=(PHOTO,)), chat.sent(attachments=(PHOTO,))
    copy = replace(chat.sent(), change=first.change)
    joined = group.member_set(ANN, CAT, Role.MEMBER)
    events = [
        *(first, with_file, deleted, copy, chat.edited(first, "1"), chat.edited(first, "2"), chat.reacted(BOB, first)),
        *(chat.reacted(BOB, first, present=False), chat.reacted(ANN, first, "🎉"), chat.deleted_for_everyone(deleted)),
        *(chat.deleted_by(BOB, first), chat.read_by(ANN, with_file), chat.reacted(ANN, deleted)),
        *(group.created(ANN, BOB), joined, group.member_set(ANN, CAT, Role.ADMIN, joined=joined)),
        *(group.member_set(BOB, BOB, None), group.sent(CAT)),
        *(chat.sent(text=str(number)) for number in range(449)),
    ]
    await LogCheck(log=log, store=store.log, clock=FakeClock())()
    positions = await asyncio.gather(*(log.append(event.chat_id, encode(event)) for event in events))
    records = [
        LogRecord(position, event.chat_id, encode(event)) for position, event in zip(positions, events, strict=True)
    ]
    applied = await store.writer.apply(records)
    (withdrawal,) = applied.withdrawals
    position: LogPosition = await log.append(withdrawal.chat_id, encode(withdrawal))
    await store.writer.apply([LogRecord(position, withdrawal.chat_id, encode(withdrawal))])


async def checked(store: HistoryStore, log: SqliteLog) -> tuple[list[str], StoreCheck]:
    """Check the store, and return its faults."""
    faults: list[str] = []

    async def file_fault(file: AttachedMedia) -> str | None:
        return None if file.media_id == PHOTO.media_id else "unknown"

    check = StoreCheck(
        store=store,
        log=log,
        check_file=file_fault,
        report=lambda fault: faults.append(str(fault)),
        clock=FakeClock(),
        pause=0,
    )
    await check()
    return faults, check
