"""The tail after a restart: every event of the log that is not stored."""

from pathlib import Path

from history.codec import encode
from history.open import open_history
from history.unstored.memory import MemoryHotTail
from history.unstored.refill import refill
from tests.fakes import MemoryLog
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, ChatBuilder


async def test_the_tail_gets_every_acknowledged_event_that_is_not_stored(tmp_path: Path) -> None:
    log, tail, chat, group = MemoryLog(), MemoryHotTail(), ChatBuilder(), ChatBuilder(A_GROUP)
    events = [chat.sent() for _ in range(4)]
    for event in (*events, group.created(ANN, BOB)):
        await log.append(event.chat_id, encode(event))
    async with open_history(tmp_path) as store:
        records = log.records()
        await store.writer.apply([record for record in records if record.key == ANN_AND_BOB][:2])

        await refill(tail=tail, log=log, events=store.events)

    kept = await tail.events([ANN_AND_BOB, A_GROUP])
    assert [item.event for item in kept[ANN_AND_BOB]] == events[2:]
    assert len(kept[A_GROUP]) == 1


async def test_events_stored_during_the_refill_are_trimmed(tmp_path: Path) -> None:
    log, tail, chat = MemoryLog(), MemoryHotTail(), ChatBuilder()
    async with open_history(tmp_path) as store:

        class BusyLog(MemoryLog):
            """A log whose records are all stored while it is read."""

            async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0):  # type: ignore[no-untyped-def]  # noqa: ANN202
                records = await super().read(partition, after=after, limit=limit, wait=wait)
                await store.writer.apply(records)
                return records

        log = BusyLog()
        for event in (chat.sent(), chat.sent()):
            await log.append(event.chat_id, encode(event))

        await refill(tail=tail, log=log, events=store.events)

    assert await tail.events([ANN_AND_BOB]) == {}


async def test_a_record_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    log, tail, sent = MemoryLog(), MemoryHotTail(), ChatBuilder().sent()
    await log.append(ANN_AND_BOB, b"\xff\xff\xff")
    await log.append(ANN_AND_BOB, encode(sent))
    async with open_history(tmp_path) as store:
        await refill(tail=tail, log=log, events=store.events)

    assert [item.event for item in (await tail.events([ANN_AND_BOB]))[ANN_AND_BOB]] == [sent]
