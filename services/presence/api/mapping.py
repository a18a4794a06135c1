"""Conversions between protobuf and model, for the RPCs and for events on the bus."""

from datetime import datetime
from uuid import UUID

from chatly.presence.v1 import presence_service_pb2 as pb
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from kernel.errors import invalid_field
from kernel.grpc.time import maybe_timestamp, moment_of
from kernel.ids import UserId
from services.presence.model import (
    BLOCKS_CHANNEL,
    BlockChanged,
    Channel,
    Connection,
    ContactsChanged,
    CustomStatus,
    DeviceConnected,
    Presence,
    PresenceEvent,
    StateChanged,
    Topic,
    Update,
)

_UUID_BYTES = 16


def user_ids(request: pb.GetPresenceRequest) -> list[UserId]:
    """Return the requested users without duplicates."""
    return [UserId(user_id) for user_id in dict.fromkeys(user_id.lower() for user_id in request.user_ids)]


def status_in(request: pb.SetStatusRequest) -> CustomStatus | None:
    """Return the new status, or None to remove the status. Raise INVALID_ARGUMENT if `expires_at` is out of range."""
    if not request.HasField("status"):
        return None
    status = request.status
    expires_at = _datetime("status.expires_at", status.expires_at) if status.HasField("expires_at") else None
    return CustomStatus(status.text, status.emoji, expires_at)


def presence_pb(presence: Presence) -> pb.Presence:
    return pb.Presence(
        user_id=presence.user_id,
        availability=pb.AVAILABILITY_ONLINE if presence.online else pb.AVAILABILITY_OFFLINE,
        last_seen_at=maybe_timestamp(presence.last_seen_at),
        status=_status_pb(presence.status) if presence.status else None,
        version=presence.version,
    )


def response_pb(update: Update) -> pb.ConnectResponse:
    return pb.ConnectResponse(
        presences=[presence_pb(presence) for presence in update.presences],
        snapshot=update.snapshot,
        reconnect=update.reconnect_after is not None,
        reconnect_delay_ms=round((update.reconnect_after or 0.0) * 1000),
    )


def channel_name(channel: Channel) -> str:
    """Return the name of the bus channel: for example `presence:{user_id}` or `blocks:changed`."""
    topic, user_id = channel
    return f"{topic.value}:{user_id}"


def pack_event(event: PresenceEvent) -> tuple[Channel, bytes]:
    """Return the channel and the payload of an event."""
    match event:
        case StateChanged(presence):
            return (Topic.STATE, presence.user_id), presence_pb(presence).SerializeToString()
        case ContactsChanged(user_id):
            return (Topic.CONTACTS, user_id), b""
        case DeviceConnected(connection, device_id):
            return (Topic.DEVICES, connection.user_id), connection.connection_id.bytes + device_id.encode()
        case BlockChanged(blocker, blocked, present):
            return BLOCKS_CHANNEL, f"{'block' if present else 'unblock'} {blocker} {blocked}".encode()


def unpack_event(channel: str, payload: bytes) -> PresenceEvent:
    """Return the event that `pack_event` has packed. Raise ValueError if the payload is not an event."""
    topic, _, user = channel.partition(":")
    user_id = UserId(user)
    match Topic(topic):
        case Topic.STATE:
            return StateChanged(_presence(payload))
        case Topic.CONTACTS:
            return ContactsChanged(user_id)
        case Topic.DEVICES:
            connection_id = UUID(bytes=payload[:_UUID_BYTES])
            return DeviceConnected(Connection(user_id, connection_id), payload[_UUID_BYTES:].decode())
        case Topic.BLOCKS:
            verb, blocker, blocked = payload.decode().split(" ")
            return BlockChanged(UserId(blocker), UserId(blocked), present=verb == "block")


def _presence(payload: bytes) -> Presence:
    try:
        message = pb.Presence.FromString(payload)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    last_seen = moment_of(message.last_seen_at) if message.HasField("last_seen_at") else None
    status = message.status if message.HasField("status") else None
    return Presence(
        user_id=UserId(message.user_id),
        online=message.availability == pb.AVAILABILITY_ONLINE,
        last_seen_at=last_seen,
        status=None if status is None else _status(status),
        version=message.version,
    )


def _status(status: pb.CustomStatus) -> CustomStatus:
    expires_at = moment_of(status.expires_at) if status.HasField("expires_at") else None
    return CustomStatus(status.text, status.emoji, expires_at)


def _status_pb(status: CustomStatus) -> pb.CustomStatus:
    return pb.CustomStatus(text=status.text, emoji=status.emoji, expires_at=maybe_timestamp(status.expires_at))


def _datetime(field: str, wire: Timestamp) -> datetime:
    try:
        return moment_of(wire)
    except ValueError as error:
        raise invalid_field(field, str(error)) from None
