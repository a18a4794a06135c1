"""Acknowledged messages stay readable while the persister stores them and the tail is trimmed."""

import asyncio

from history.codec import encode
from history.model import ChatState, LogEvent
from history.open import HistoryStore
from history.ports import HotTail, Window
from history.unstored.memory import MemoryHotTail
from history.view import History
from history.visibility import Viewer
from tests.fakes import FakeClock, MemoryLog
from tests.unit.history.builders import ANN, ANN_AND_BOB, BOB, ChatBuilder
from tests.unit.history.harness import chats_of

COUNT = 150


async def persist(log: MemoryLog, store: HistoryStore, tail: HotTail) -> None:
    """Store one record after the other, and trim the tail after each."""
    async with log.consumer("persister") as consumer:
        while True:
            applied = await store.writer.apply(await consumer.fetch(max_records=3, wait=1))
            await tail.trim(applied.stored)


async def test_every_acknowledged_message_is_read_once_in_order_and_counted(store: HistoryStore) -> None:
    log, tail, chat = MemoryLog(), MemoryHotTail(), ChatBuilder()
    history = History(messages=store.messages, chats=store.chats, events=store.events, tail=tail, clock=FakeClock())
    persisting = asyncio.create_task(persist(log, store, tail))
    sent = []
    for number in range(1, COUNT + 1):
        event = chat.sent(ANN)
        await tail.add(LogEvent(await log.append(event.chat_id, encode(event)), event))
        sent.append(event.event_id)

        page, unread, (overview,), replay = await asyncio.gather(
            history.page(ANN_AND_BOB, Window(limit=COUNT), viewer=Viewer(BOB)),
            history.unread(ChatState(ANN_AND_BOB), BOB, mark=None),
            chats_of(history, BOB),
            history.missed(BOB, {}, limit=COUNT),
        )

        assert [message.message_id for message in page] == sent
        assert [item.event.event_id for item in replay.events] == sent
        assert (unread, overview.unread_count) == (number, number)
        assert overview.last_message is not None
        assert overview.last_message.message_id == sent[-1]
    persisting.cancel()
