"""How far each partition of the log is stored, as rows of Cassandra. They never move back."""

from collections.abc import Mapping

from history.cassandra.access import write
from history.cassandra.times import further_wins
from kernel.cassandra.session import CassandraSession

# All in one partition, so that they are read by key.
_LOG = "chat-messages"
_INSERT = "INSERT INTO stored_offsets (log, log_partition, log_offset) VALUES (?, ?, ?) USING TIMESTAMP ?"
_ALL = "SELECT log_partition, log_offset FROM stored_offsets WHERE log = ?"


async def load_offsets(session: CassandraSession) -> Mapping[int, int]:
    """Partition → offset; those without anything stored are left out."""
    return {row["log_partition"]: row["log_offset"] for row in await session.execute(_ALL, (_LOG,))}


async def save_offsets(session: CassandraSession, reached: Mapping[int, int]) -> None:
    """Everything up to these offsets is stored."""
    await write(
        session,
        [(_INSERT, (_LOG, partition, offset, further_wins(offset))) for partition, offset in reached.items()],
    )
