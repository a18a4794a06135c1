"""The stored facts that are needed to resolve a batch, read by key in a few requests."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from history.cassandra.access import select_by_keys
from history.cassandra.chat_rows import Head, load_heads
from history.cassandra.event_rows import load_event_offsets
from history.cassandra.new_ids import IdColumn, NewIds, Partition
from history.cassandra.write_times import bucket_of
from history.chat_id import ChatId
from history.fold import message_of, send_of
from history.model import LogEvent, MessageSent, MessageState, Send
from history.ports import SentPage
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Statement
from kernel.ids import UserId

# The number of shards is part of the schema: if it changed, stored sends would not be found.
_SHARDS = 2
_MESSAGES = (
    "SELECT chat_id, message_id, log_offset, reacted, deleted_for_everyone, withdrawn FROM messages"
    " WHERE chat_id IN ? AND bucket = ? AND message_id IN ?"
)
_SENDS = (
    "SELECT sender_id, client_message_id, chat_id, message_id FROM sends"
    " WHERE sender_id IN ? AND shard = ? AND client_message_id IN ?"
)
_MESSAGE_IDS = IdColumn(
    at_or_above="SELECT chat_id, bucket, message_id FROM messages"
    " WHERE chat_id IN ? AND bucket = ? AND message_id >= ? PER PARTITION LIMIT 1",
    first="chat_id",
    second="bucket",
    id="message_id",
    time_uuids=True,
)
_SEND_NAMES = IdColumn(
    at_or_above="SELECT sender_id, shard, client_message_id FROM sends"
    " WHERE sender_id IN ? AND shard = ? AND client_message_id >= ? PER PARTITION LIMIT 1",
    first="sender_id",
    second="shard",
    id="client_message_id",
    time_uuids=False,
)
_SENT_BY = (
    "SELECT client_message_id, chat_id, message_id FROM sends"
    " WHERE sender_id = ? AND shard = ? AND client_message_id > ? LIMIT ?"
)
_ALL_SENT_BY = "SELECT client_message_id, chat_id, message_id FROM sends WHERE sender_id = ? AND shard = ? LIMIT ?"
_INSERT_SEND = (
    "INSERT INTO sends (sender_id, shard, client_message_id, chat_id, message_id) VALUES (?, ?, ?, ?, ?)"
    " USING TIMESTAMP ?"
)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """The parts of a stored message that are needed to resolve events."""

    state: MessageState
    """The state without content, edit and reactions, which Cassandra merges."""
    sent_at: int | None
    reacted: bool


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Stored facts about the messages, events and sends of one chat's batch."""

    messages: Mapping[UUID, StoredMessage] = field(default_factory=dict)
    offsets: Mapping[UUID, int] = field(default_factory=dict)
    """The log offset of each event, by event id. Sends are left out."""
    sends: Mapping[Send, UUID] = field(default_factory=dict)
    """The message id of each send."""
    lost_sends: Collection[Send] = ()
    """Sends with a row, but without a message: an attempt to store them was interrupted, and the log lost them."""


class FactsReader:
    """Loads the facts of batches. A single writer's new messages and sends need no look-up."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._new_messages = NewIds(session=session, column=_MESSAGE_IDS)
        self._new_sends = NewIds(session=session, column=_SEND_NAMES)

    def trust(self, partitions: Collection[int]) -> None:
        """Rely on what was stored from these partitions of the log, and on nothing else, see `Heads.trust`."""
        self._new_messages.trust(partitions)
        self._new_sends.trust(partitions)

    async def load(self, chats: Mapping[ChatId, Sequence[LogEvent]]) -> Mapping[ChatId, StoredFacts]:
        """Load the facts that each chat's events need, including rows that interrupted attempts have written."""
        others = {
            chat_id: {item.event.event_id for item in items if not isinstance(item.event.change, MessageSent)}
            for chat_id, items in chats.items()
        }
        messages, offsets, made = await asyncio.gather(
            self._load_messages(chats), load_event_offsets(self._session, others), self._load_sends(chats)
        )
        present = {item.event.event_id for items in chats.values() for item in items}
        lost = await _lost_sends(self._session, made, present)
        stored = {send: message_id for send, (_, message_id) in made.items() if send not in lost}
        return {
            chat_id: StoredFacts(messages.get(chat_id, {}), offsets.get(chat_id, {}), stored, lost) for chat_id in chats
        }

    def stored(self) -> None:
        """Record that the batch of the last `load` is stored."""
        self._new_messages.confirm()
        self._new_sends.confirm()

    async def _load_messages(
        self, chats: Mapping[ChatId, Sequence[LogEvent]]
    ) -> Mapping[ChatId, Mapping[UUID, StoredMessage]]:
        about: dict[int, dict[Partition, set[UUID]]] = {}
        for chat_id, items in chats.items():
            for item in items:
                if message_id := message_of(item.event):
                    of_log = about.setdefault(item.position.partition, {})
                    of_log.setdefault((chat_id, bucket_of(message_id)), set()).add(message_id)
        return await _select_messages(self._session, await self._new_messages.possibly_stored(about))

    async def _load_sends(self, chats: Mapping[ChatId, Sequence[LogEvent]]) -> Mapping[Send, tuple[ChatId, UUID]]:
        names: dict[int, dict[Partition, set[UUID]]] = {}
        for items in chats.values():
            for item in items:
                if send := send_of(item.event):
                    names.setdefault(item.position.partition, {}).setdefault(shard_of(send), set()).add(send[1])
        return await _select_sends(self._session, await self._new_sends.possibly_stored(names))


async def _lost_sends(
    session: CassandraSession, made: Mapping[Send, tuple[ChatId, UUID]], present: Collection[UUID]
) -> set[Send]:
    """Return the sends without a message. `present` are the messages that are being stored."""
    others = {send: message for send, message in made.items() if message[1] not in present}
    wanted: dict[Partition, list[UUID]] = {}
    for chat_id, message_id in others.values():
        wanted.setdefault((chat_id, bucket_of(message_id)), []).append(message_id)
    found = await _select_messages(session, wanted) if wanted else {}
    return {
        send
        for send, (chat_id, message_id) in others.items()
        if (stored := found.get(chat_id, {}).get(message_id)) is None or stored.sent_at is None
    }


async def load_sends(session: CassandraSession, sends: Iterable[Send]) -> Mapping[Send, tuple[ChatId, UUID]]:
    """Return the chat and the message id of each send that is stored."""
    shards: dict[Partition, list[UUID]] = {}
    for sender_id, name in sends:
        shards.setdefault(shard_of((sender_id, name)), []).append(name)
    return await _select_sends(session, shards)


async def _select_sends(
    session: CassandraSession, shards: Mapping[Partition, Sequence[UUID]]
) -> Mapping[Send, tuple[ChatId, UUID]]:
    rows = await select_by_keys(session, _SENDS, shards)
    return {_send(row): (ChatId(row["chat_id"]), row["message_id"]) for row in rows}


async def load_sent_by(session: CassandraSession, sender_id: UserId, *, after: bytes, limit: int) -> SentPage:
    """Return a page of a user's sends. The key of a page is the shard (1 byte) and the last client_message_id in it."""
    shard, last = (after[0], after[1:]) if after else (0, b"")
    if shard >= _SHARDS or len(last) not in (0, 16):
        raise ValueError("malformed key of a page")
    if last:
        rows = await session.execute(_SENT_BY, (sender_id, shard, UUID(bytes=last), limit))
    else:
        rows = await session.execute(_ALL_SENT_BY, (sender_id, shard, limit))
    messages = [(ChatId(row["chat_id"]), row["message_id"]) for row in rows]
    if len(rows) == limit:
        return SentPage(messages, bytes([shard]) + rows[-1]["client_message_id"].bytes)
    return SentPage(messages, bytes([shard + 1]) if shard + 1 < _SHARDS else b"")


def send_statement(send: Send, chat_id: ChatId, message_id: UUID, written_at: int) -> Statement:
    """Return the statement that records which message a send created."""
    return _INSERT_SEND, (*shard_of(send), send[1], chat_id, message_id, written_at)


def shard_of(send: Send) -> tuple[UserId, int]:
    """Return the partition key of a send's row."""
    sender_id, name = send
    return sender_id, name.int % _SHARDS


async def _select_messages(
    session: CassandraSession, ids: Mapping[Partition, Sequence[UUID]]
) -> Mapping[ChatId, Mapping[UUID, StoredMessage]]:
    found: dict[ChatId, dict[UUID, StoredMessage]] = {}
    for row in await select_by_keys(session, _MESSAGES, ids):
        found.setdefault(ChatId(row["chat_id"]), {})[row["message_id"]] = _known_message(row)
    return found


def _known_message(row: Row) -> StoredMessage:
    state = MessageState(
        ChatId(row["chat_id"]),
        row["message_id"],
        deleted_for_everyone=bool(row["deleted_for_everyone"]),
        withdrawn=bool(row["withdrawn"]),
    )
    return StoredMessage(state, row["log_offset"], bool(row["reacted"]))


def _send(row: Row) -> Send:
    return UserId(row["sender_id"]), row["client_message_id"]


_CHATS = 2_000
"""Maximum number of cached heads per partition of the log."""


class Heads:
    """A bounded cache of heads, by partition of the log."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._kept: dict[int, dict[ChatId, Head]] = {}

    def trust(self, partitions: Collection[int]) -> None:
        """Keep the cached heads of these partitions and drop all others.

        The caller asserts that no other writer has stored records of these partitions since the heads were cached.
        """
        self._kept = {partition: heads for partition, heads in self._kept.items() if partition in partitions}

    async def load(self, chats: Mapping[ChatId, int]) -> Mapping[ChatId, Head]:
        """Return the head of each chat. A chat has no head, and is left out, until its first batch is complete.

        `chats` maps each chat to its partition of the log.
        """
        known = {
            chat_id: head
            for chat_id, partition in chats.items()
            if (head := self._kept.get(partition, {}).get(chat_id)) is not None
        }
        others = [chat_id for chat_id in chats if chat_id not in known]
        return {**known, **await load_heads(self._session, others)} if others else known

    def stored(self, heads: Mapping[ChatId, Head]) -> None:
        """Record the heads that were just stored."""
        for chat_id, head in heads.items():
            kept = self._kept.setdefault(head.position.partition, {})
            kept.pop(chat_id, None)
            kept[chat_id] = head
            if len(kept) > _CHATS:
                del kept[next(iter(kept))]
