"""Events of a chat as rows of Cassandra, bucketed by event id, with their log offsets."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from history.cassandra.access import gather_all, select_by_keys
from history.cassandra.write_times import ALWAYS_WINS, SINGLE_VALUE, bucket_of
from history.chat_id import ChatId
from history.codec import decode, encode, value_of
from history.fold import redacted
from history.model import LogEvent, MessageEdited, MessageSent
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Statement
from kernel.log.ports import LogPosition

_INSERT = (
    "INSERT INTO events (chat_id, bucket, log_offset, log_partition, value) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?"
)
_INSERT_OFFSET = (
    "INSERT INTO event_places (chat_id, bucket, event_id, log_offset) VALUES (?, ?, ?, ?)"
    f" USING TIMESTAMP {SINGLE_VALUE}"
)
_INSERT_EDIT = (
    "INSERT INTO message_edits (chat_id, bucket, message_id, event_id, log_offset) VALUES (?, ?, ?, ?, ?)"
    f" USING TIMESTAMP {SINGLE_VALUE}"
)
_EVENT_OFFSETS = (
    "SELECT chat_id, event_id, log_offset FROM event_places WHERE chat_id IN ? AND bucket = ? AND event_id IN ?"
)
_EDITS = "SELECT event_id, log_offset FROM message_edits WHERE chat_id = ? AND bucket = ? AND message_id = ?"
_AT = "SELECT log_partition, log_offset, value FROM events WHERE chat_id = ? AND bucket = ? AND log_offset IN ?"
_AFTER = (
    "SELECT log_partition, log_offset, value FROM events WHERE chat_id = ? AND bucket = ? AND log_offset > ? LIMIT ?"
)
_BETWEEN = (
    "SELECT log_partition, log_offset, value FROM events WHERE chat_id = ? AND bucket IN ? AND log_offset > ?"
    " AND log_offset < ?"
)
_OVERWRITE = (
    f"UPDATE events USING TIMESTAMP {ALWAYS_WINS} SET value = ? WHERE chat_id = ? AND bucket = ? AND log_offset = ?"
)


def event_statements(stored: LogEvent, *, redacted_text: bool) -> Iterable[tuple[int, Statement]]:
    """Yield each statement that writes an event, with its bucket.

    If `redacted_text`, no other write can bring the text back.
    """
    event, position = stored.event, stored.position
    bucket = bucket_of(event.event_id)
    written_at = ALWAYS_WINS if redacted_text else SINGLE_VALUE
    yield bucket, (_INSERT, (event.chat_id, bucket, position.offset, position.partition, value_of(stored), written_at))
    if not isinstance(event.change, MessageSent):
        yield bucket, (_INSERT_OFFSET, (event.chat_id, bucket, event.event_id, position.offset))
    if isinstance(event.change, MessageEdited):
        about = event.change.message_id
        where = (event.chat_id, bucket_of(about), about)
        yield where[1], (_INSERT_EDIT, (*where, event.event_id, position.offset))


async def load_event_offsets(
    session: CassandraSession, ids: Mapping[ChatId, Collection[UUID]]
) -> Mapping[ChatId, Mapping[UUID, int]]:
    """Return the log offsets of the stored events among `ids`.

    Sends are left out, because their offsets are in the messages' rows.
    """
    found: dict[ChatId, dict[UUID, int]] = {}
    for row in await select_by_keys(session, _EVENT_OFFSETS, in_buckets(ids)):
        found.setdefault(ChatId(row["chat_id"]), {})[row["event_id"]] = row["log_offset"]
    return found


async def load_events_at(
    session: CassandraSession, chat_id: ChatId, bucket: int, offsets: Collection[int]
) -> list[LogEvent]:
    """Return the events stored at these offsets."""
    return _events(await session.execute(_AT, (chat_id, bucket, list(offsets))))


async def load_events_after(
    session: CassandraSession, chat_id: ChatId, bucket: int, offset: int, limit: int
) -> list[LogEvent]:
    """Return the first events of a bucket after an offset."""
    return _events(await session.execute(_AFTER, (chat_id, bucket, offset, limit)))


async def load_events_between(
    session: CassandraSession, chat_id: ChatId, buckets: Sequence[int], *, after: int, before: int
) -> list[LogEvent]:
    """Return the events of these buckets between two offsets, in log order."""
    found = _events(await session.execute(_BETWEEN, (chat_id, list(buckets), after, before)))
    return sorted(found, key=lambda stored: stored.position.offset)


async def redact_events(session: CassandraSession, chat_id: ChatId, message_id: UUID, sent_at: int | None) -> None:
    """Overwrite the stored events that contain a message's text with redacted ones.

    `sent_at` is the log offset of the send, or None if no send is stored.
    """
    edits = await session.execute(_EDITS, (chat_id, bucket_of(message_id), message_id))
    offsets = [(bucket_of(row["event_id"]), row["log_offset"]) for row in edits]
    if sent_at is not None:
        offsets.append((bucket_of(message_id), sent_at))
    await gather_all(_forget(session, chat_id, bucket, offset) for bucket, offset in offsets)


async def _forget(session: CassandraSession, chat_id: ChatId, bucket: int, offset: int) -> None:
    for stored in await load_events_at(session, chat_id, bucket, [offset]):
        await session.execute(_OVERWRITE, (encode(redacted(stored.event)), chat_id, bucket, offset))


def in_buckets(ids: Mapping[ChatId, Iterable[UUID]]) -> Mapping[tuple[ChatId, int], Sequence[UUID]]:
    """Group ids by chat and bucket."""
    return {(chat_id, bucket): members for chat_id, some in ids.items() for bucket, members in by_bucket(some).items()}


def by_bucket(ids: Iterable[UUID]) -> Mapping[int, list[UUID]]:
    """Group ids by bucket."""
    found: dict[int, list[UUID]] = {}
    for each in ids:
        found.setdefault(bucket_of(each), []).append(each)
    return found


def _events(rows: list[Row]) -> list[LogEvent]:
    return [
        LogEvent(LogPosition(row["log_partition"], row["log_offset"]), decode(row["value"]), row["value"])
        for row in rows
    ]
