"""Withdrawals that have not come back through the log yet, as rows of Cassandra."""

from collections.abc import Collection, Sequence
from uuid import UUID

from history.cassandra.access import neighbours, together
from history.cassandra.times import ANY, FOR_EVER
from history.chat_id import ChatId
from history.codec import decode, encode
from history.fold import message_of
from history.model import ChatEvent
from kernel.cassandra.session import CassandraSession

_INSERT = (
    "INSERT INTO pending_withdrawals (log_partition, chat_id, message_id, value) VALUES (?, ?, ?, ?)"
    f" USING TIMESTAMP {ANY}"
)
_DELETE = (
    f"DELETE FROM pending_withdrawals USING TIMESTAMP {FOR_EVER}"
    " WHERE log_partition = ? AND chat_id = ? AND message_id = ?"
)
_PENDING = "SELECT value FROM pending_withdrawals WHERE log_partition IN ?"
_PARTITIONS_AT_ONCE = 20


async def remember_withdrawals(session: CassandraSession, partition: int, withdrawals: Sequence[ChatEvent]) -> None:
    """To be asked for until they come back."""
    await together(
        session.execute(_INSERT, (partition, event.chat_id, message_of(event), encode(event))) for event in withdrawals
    )


async def forget_withdrawals(
    session: CassandraSession, partition: int, chat_id: ChatId, message_ids: Collection[UUID]
) -> None:
    """They have come back."""
    await together(session.execute(_DELETE, (partition, chat_id, message_id)) for message_id in message_ids)


async def pending_withdrawals(session: CassandraSession, partitions: Collection[int]) -> list[ChatEvent]:
    """Those of some partitions that have not come back."""
    groups = neighbours(session, {partition: (partition,) for partition in partitions}, _PARTITIONS_AT_ONCE)
    found = await together(session.execute(_PENDING, (some,)) for some in groups)
    return [decode(row["value"]) for rows in found for row in rows]
