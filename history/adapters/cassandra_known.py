"""What must be known of a chat to judge a batch of its events: read by key, a few requests for the whole batch."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from history.adapters.cassandra_access import chunks, together
from history.adapters.cassandra_event_rows import by_bucket, load_places
from history.fold import actor_of, message_of
from history.model import ChatEvent, ChatId, MessageSent, MessageState
from kernel.ids import UserId
from kernel.store.cassandra import CassandraSession, Statement
from kernel.store.cassandra_bridge import Row

Send = tuple[UserId, UUID]

# Part of the schema: with another number no send is found again.
_SHARDS = 2
_MESSAGES = (
    "SELECT message_id, log_offset, reacted, deleted_for_everyone, withdrawn FROM messages"
    " WHERE chat_id = ? AND bucket = ? AND message_id IN ?"
)
_SENDS = (
    "SELECT sender_id, client_message_id, chat_id, message_id FROM sends"
    " WHERE sender_id = ? AND shard = ? AND client_message_id IN ?"
)
_INSERT_SEND = (
    "INSERT INTO sends (sender_id, shard, client_message_id, chat_id, message_id) VALUES (?, ?, ?, ?, ?)"
    " USING TIMESTAMP ?"
)


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """Of a stored message: what events cannot change back, and where its send stands."""

    state: MessageState
    """Without content, edit and reactions: Cassandra adds those up."""
    sent_at: int | None
    reacted: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored already of the things that a batch is about."""

    messages: Mapping[UUID, KnownMessage] = field(default_factory=dict)
    places: Mapping[UUID, int] = field(default_factory=dict)
    """Events but sends: id → offset."""
    sends: Mapping[Send, UUID] = field(default_factory=dict)
    """Which message each send made."""


async def load_known(session: CassandraSession, chat_id: ChatId, events: Sequence[ChatEvent]) -> Known:
    """Whatever is stored, also by an attempt that did not finish."""
    about = {message_id for event in events if (message_id := message_of(event))}
    others = {event.event_id for event in events if not isinstance(event.change, MessageSent)}
    sends = {send for event in events if (send := send_of(event))}
    messages, places, made = await asyncio.gather(
        _load_messages(session, chat_id, about), load_places(session, chat_id, others), load_sends(session, sends)
    )
    return Known(messages, places, {send: message_id for send, (_, message_id) in made.items()})


def send_of(event: ChatEvent) -> Send | None:
    """The name of a send; None for any other event."""
    return (actor_of(event), event.change.client_message_id) if isinstance(event.change, MessageSent) else None


async def load_sends(session: CassandraSession, sends: Iterable[Send]) -> Mapping[Send, tuple[ChatId, UUID]]:
    """Chat and id of the message that each of them made, if it is stored."""
    shards: dict[tuple[UserId, int], list[UUID]] = {}
    for sender_id, name in sends:
        shards.setdefault(shard_of((sender_id, name)), []).append(name)
    found = await together(
        session.execute(_SENDS, (*shard, part)) for shard, names in shards.items() for part in chunks(names)
    )
    return {_send(row): (ChatId(row["chat_id"]), row["message_id"]) for rows in found for row in rows}


def send_statement(send: Send, chat_id: ChatId, message_id: UUID, written_at: int) -> Statement:
    """Remembers which message a send made."""
    return _INSERT_SEND, (*shard_of(send), send[1], chat_id, message_id, written_at)


def shard_of(send: Send) -> tuple[UserId, int]:
    """The partition of a send's row."""
    sender_id, name = send
    return sender_id, name.int % _SHARDS


async def _load_messages(
    session: CassandraSession, chat_id: ChatId, ids: Iterable[UUID]
) -> Mapping[UUID, KnownMessage]:
    found = await together(
        session.execute(_MESSAGES, (chat_id, bucket, part))
        for bucket, members in by_bucket(ids).items()
        for part in chunks(members)
    )
    return {row["message_id"]: _known_message(chat_id, row) for rows in found for row in rows}


def _known_message(chat_id: ChatId, row: Row) -> KnownMessage:
    state = MessageState(
        chat_id,
        row["message_id"],
        deleted_for_everyone=bool(row["deleted_for_everyone"]),
        withdrawn=bool(row["withdrawn"]),
    )
    return KnownMessage(state, row["log_offset"], bool(row["reacted"]))


def _send(row: Row) -> Send:
    return UserId(row["sender_id"]), row["client_message_id"]
