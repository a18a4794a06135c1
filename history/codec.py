"""The bytes of what goes on the log and on the bus. Events become protobuf here, and nowhere else in this room."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chatly.event.v1 import event_pb2 as pb
from google.protobuf.message import DecodeError

from history.changes import change_of, put_change, time_uuid
from history.chat_id import ChatId
from history.model import ChatEvent, MessageWithdrawn, StoredEvent
from history.varint import read_varint, varint
from kernel.grpc.timestamps import moment_of, timestamp
from kernel.ids import UserId
from kernel.log.ports import LogPosition, LogRecord

_LASTING = 0
_EPHEMERAL = 1
_REMEMBERED = 1_024


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """News that does not last, as bytes of a SubscribeResponse."""

    payload: bytes


def encode(event: ChatEvent) -> bytes:
    """A chatly.event.v1.ChatEvent."""
    message = pb.ChatEvent(
        event_id=event.event_id.bytes,
        chat_id=event.chat_id,
        actor_id=event.actor_id or "",
        occurred_at=timestamp(event.occurred_at),
        audience=event.audience,
        request_id=event.request_id,
        traceparent=event.traceparent,
    )
    put_change(message, event.change)
    return message.SerializeToString()


def decode(value: bytes) -> ChatEvent:
    """Undo `encode`; raise ValueError, saying why, for bytes that are no event or lack what every event has."""
    try:
        message = pb.ChatEvent.FromString(value)
    except DecodeError as error:
        raise ValueError(f"not a ChatEvent: {error}") from error
    event = ChatEvent(
        event_id=time_uuid(message.event_id, "event_id"),
        chat_id=_chat_id(message.chat_id),
        actor_id=UserId(message.actor_id) if message.actor_id else None,
        occurred_at=_occurred_at(message),
        change=change_of(message),
        audience=tuple(UserId(user_id) for user_id in message.audience),
        request_id=message.request_id,
        traceparent=message.traceparent,
    )
    if event.actor_id is None and not isinstance(event.change, MessageWithdrawn):
        raise ValueError(f"{type(event.change).__name__} without an actor")
    return event


def decode_record(record: LogRecord) -> StoredEvent:
    """The event of a log record; raise ValueError also if it stands under another chat's key."""
    event = decode(record.value)
    if event.chat_id != record.key:
        raise ValueError(f"an event of chat {event.chat_id} under the key {record.key}")
    return StoredEvent(record.position, event, record.value)


def value_of(stored: StoredEvent) -> bytes:
    """A stored event's bytes: those at hand, or new ones."""
    return stored.value or encode(stored.event)


def pack_lasting(stored: StoredEvent) -> bytes:
    """A bus payload: an event of the log, with its place there."""
    place = stored.position
    return bytes((_LASTING,)) + varint(place.partition) + varint(place.offset) + value_of(stored)


def pack_ephemeral(response: bytes) -> bytes:
    """A bus payload: a serialised SubscribeResponse whose events do not last."""
    return bytes((_EPHEMERAL,)) + response


_decoded: OrderedDict[bytes, StoredEvent] = OrderedDict()
"""The newest bus payloads of this process, with their events."""


def remember(payload: bytes, stored: StoredEvent) -> None:
    """Let `unpack` return this event for this payload: the process that published it need not decode it."""
    _decoded[payload] = stored
    if len(_decoded) > _REMEMBERED:
        _decoded.popitem(last=False)


def unpack(payload: bytes) -> StoredEvent | Ephemeral:
    """Return what a bus payload carries; raise ValueError for bytes that no `pack` function made.

    Each of the newest events is decoded once per process, although several subscribers receive it, and the persister
    publishes it a second time.
    """
    if (stored := _decoded.get(payload)) is not None:
        return stored
    if payload[:1] == bytes((_EPHEMERAL,)):
        return Ephemeral(payload[1:])
    if payload[:1] != bytes((_LASTING,)):
        raise ValueError("neither a lasting nor an ephemeral event")
    partition, at = read_varint(payload, 1)
    offset, at = read_varint(payload, at)
    stored = StoredEvent(LogPosition(partition, offset), decode(payload[at:]))
    remember(payload, stored)
    return stored


def encode_watermark(stored: Mapping[int, int]) -> bytes:
    """Offsets up to which partitions are stored (partition → offset)."""
    return b"".join(varint(partition) + varint(offset) for partition, offset in sorted(stored.items()))


def decode_watermark(payload: bytes) -> Mapping[int, int]:
    """Undo `encode_watermark`; raise ValueError for bytes that are none."""
    stored: dict[int, int] = {}
    at = 0
    while at < len(payload):
        partition, at = read_varint(payload, at)
        stored[partition], at = read_varint(payload, at)
    return stored


def _occurred_at(message: pb.ChatEvent) -> datetime:
    try:
        return moment_of(message.occurred_at)
    except ValueError as error:
        raise ValueError(f"occurred_at {error}") from error


def _chat_id(text: str) -> ChatId:
    if not text:
        raise ValueError("an event without a chat")
    return ChatId(text)
