"""The statements that storing messages takes in Cassandra."""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from history.cassandra.writer import CassandraRecordWriter
from history.chat_id import ChatId
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Params, Statement
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.epochs import OFFSET_BITS
from kernel.time import SystemClock
from tests.builders import NOON, a_send_id
from tests.unit.history.builders import ANN, ChatBuilder, a_user, records_of

_TABLE = re.compile(r"(?:FROM|INTO|UPDATE) (\w+)")


class Counting(CassandraSession):
    """Counts statements by table, keeps the stored offsets, and has no other rows."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.fails = False
        self._offsets: dict[object, object] = {}

    def reset(self) -> None:
        self.read.clear()
        self.written.clear()

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        return None

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        if not cql.startswith("SELECT"):
            await self.batch([(cql, params)])
            return []
        self.read[_table(cql)] += 1
        if _table(cql) != "stored_offsets":
            return []
        return [{"log_partition": partition, "log_offset": offset} for partition, offset in self._offsets.items()]

    async def batch(self, statements: Sequence[Statement]) -> None:
        if self.fails:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "broken")
        for cql, params in statements:
            self.written[_table(cql)] += 1
            if _table(cql) == "stored_offsets":
                _, partition, offset, _ = params
                self._offsets[partition] = offset


def _table(cql: str) -> str:
    found = _TABLE.search(cql)
    assert found is not None
    return found[1]


async def test_a_message_of_a_known_chat_and_sender() -> None:
    session, chat = Counting(), ChatBuilder()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    first, second = records_of([chat.sent(send=a_name(number)) for number in (1, 2)])
    await writer.apply([first])

    session.reset()
    await writer.apply([second])

    assert session.read == {"stored_offsets": 1}
    # The chat's row: its head, and its newest message together with the sender's read mark.
    assert session.written == {
        "messages": 1,
        "events": 1,
        "sends": 1,
        "chats": 2,
        "stored_offsets": 1,
        "log_marks": 1,
    }


async def test_only_what_may_be_stored_is_looked_up() -> None:
    session, chat = Counting(), ChatBuilder()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    sent = [chat.sent(send=send) for send in (a_name(5), a_name(4), a_name(6), uuid4(), a_name(7))]
    events = [*sent, chat.edited(sent[0], "edited"), chat.sent(send=a_name(8))]
    reads = []
    for record in records_of(events):
        session.reset()
        await writer.apply([record])
        reads.append((session.read["messages"], session.read["sends"]))

    # The first read says that nothing newer is stored. Later, only an earlier or a random name, and a message that is
    # not new, may have a row.
    assert reads == [(1, 1), (0, 1), (0, 0), (0, 1), (0, 0), (1, 0), (0, 0)]


async def test_everything_is_looked_up_after_a_failed_attempt() -> None:
    session, chat = Counting(), ChatBuilder()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    first, second = records_of([chat.sent(send=a_name(number)) for number in (1, 2)])
    await writer.apply([first])
    session.fails = True
    with pytest.raises(ChatlyError):
        await writer.apply([second])
    session.fails = False

    session.reset()
    await writer.apply([second])

    assert (session.read["messages"], session.read["sends"]) == (1, 1)


async def test_everything_is_looked_up_in_a_new_epoch() -> None:
    session, chat = Counting(), ChatBuilder()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    await writer.apply(records_of([chat.sent(send=a_name(1))]))

    session.reset()
    await writer.apply(records_of([chat.sent(send=a_name(2))], start=1 << OFFSET_BITS))

    assert (session.read["messages"], session.read["sends"]) == (1, 1)


async def test_pending_withdrawals_are_read_only_if_there_may_be_some() -> None:
    session, chat = Counting(), ChatBuilder()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    records = records_of([chat.sent(), chat.sent()])
    name = a_name(2)
    copy = records_of([chat.sent(send=name), chat.sent(send=name)], start=2)

    read = []
    for batch in ([records[0]], [records[1]], copy, records_of([chat.sent()], start=4)):
        session.reset()
        await writer.apply(batch)
        read.append(session.read["pending_withdrawals"])

    # The session keeps no withdrawals, so nothing is pending after the batch with the copy.
    assert read == [1, 0, 1, 0]


def a_name(second: int) -> UUID:
    """A client_message_id that was created at this second. All are in the same shard."""
    name = a_send_id(NOON + timedelta(seconds=second))
    return UUID(int=name.int & ~1)


async def test_messages_of_one_batch_share_the_statements_of_their_chat() -> None:
    session = Counting()
    writer = CassandraRecordWriter(session=session, clock=SystemClock())
    chats = [ChatBuilder(ChatId.direct(ANN, a_user())) for _ in range(10)]
    first, second = ([chat.sent() for _ in range(count) for chat in chats] for count in (1, 5))
    await writer.apply(records_of(first))

    session.reset()
    await writer.apply(records_of(second, start=len(first)))

    assert session.written["chats"] == 2 * len(chats)
