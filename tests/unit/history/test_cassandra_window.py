"""The newest messages of a chat take one query if today's bucket has enough of them."""

from typing import Any
from uuid import UUID, uuid4

from history.cassandra.reader import NEWEST, CassandraMessageReader
from history.cassandra.write_times import bucket_of
from history.chat_id import ChatId
from history.ports import Window
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Params
from kernel.ids import HybridClock
from tests.fakes import FakeClock

CHAT = ChatId("chat")
_DAY = 86_400.0
_COLUMNS = ("reply_to_message_id", "attachments", "edited_at", "edit_event_id", "reacted", "deleted_for")
_FLAGS = ("deleted_for_everyone", "withdrawn")


class OneChat(CassandraSession):
    """The rows of one chat, with a count of queries."""

    def __init__(self) -> None:
        self.rows: dict[int, list[Row]] = {}
        self.asked = 0

    def store(self, message_id: UUID) -> UUID:
        row: Row = dict.fromkeys([*_COLUMNS, *_FLAGS])
        row |= {"message_id": message_id, "seq": 1, "sender_id": "ann", "client_message_id": uuid4()}
        row |= {"content": "hello", "created_at": 0}
        self.rows.setdefault(bucket_of(message_id), []).insert(0, row)
        return message_id

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        self.asked += 1
        if cql != NEWEST:
            return [{"message_buckets": set(self.rows), "event_buckets": {}}]
        values: list[Any] = list(params)
        return self.rows.get(values[1], [])[: values[-1]]


async def newest(reader: CassandraMessageReader, limit: int) -> list[UUID]:
    return [state.message_id for state in await reader.window(CHAT, Window(limit=limit))]


async def test_one_query_is_enough_once_todays_bucket_is_known_to_be_full() -> None:
    clock, session = FakeClock(), OneChat()
    reader, ids = CassandraMessageReader(session=session, clock=clock), HybridClock(clock=clock)
    stored = [session.store(ids.next()) for _ in range(5)]
    await newest(reader, 3)
    stored.append(session.store(ids.next()))
    asked = session.asked

    assert await newest(reader, 3) == stored[-3:]
    assert session.asked == asked + 1


async def test_a_window_continues_in_the_bucket_before() -> None:
    clock, session = FakeClock(), OneChat()
    reader, ids = CassandraMessageReader(session=session, clock=clock), HybridClock(clock=clock)
    old = session.store(ids.next())
    clock.advance(20 * _DAY)
    stored = [session.store(ids.next()) for _ in range(3)]
    await newest(reader, 2)

    assert await newest(reader, 4) == [old, *stored]
    assert await newest(reader, 2) == stored[-2:]


async def test_messages_of_a_new_bucket_are_seen_at_once() -> None:
    clock, session = FakeClock(), OneChat()
    reader, ids = CassandraMessageReader(session=session, clock=clock), HybridClock(clock=clock)
    for _ in range(3):
        session.store(ids.next())
    await newest(reader, 2)
    await newest(reader, 2)
    clock.advance(10 * _DAY)
    new = session.store(ids.next())

    assert (await newest(reader, 2))[-1] == new
