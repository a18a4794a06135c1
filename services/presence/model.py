"""States of users, their connections, and presence events. Transport and storage are elsewhere."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from kernel.ids import UserId

# These characters would also reverse the text that follows the status.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class CustomStatus:
    """A status that a user has written. Without `expires_at` it does not expire."""

    text: str
    emoji: str
    expires_at: datetime | None = None

    def cleaned(self) -> "CustomStatus | None":
        """Return the status without control characters and surrounding space. Return None if nothing is left."""
        text, emoji = _printable(self.text), _printable(self.emoji)
        return CustomStatus(text, emoji, self.expires_at) if text or emoji else None

    def expired(self, now: datetime) -> bool:
        """Return whether `expires_at` has passed."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's presence. A higher version is newer. Version 0 means that the presence is unknown."""

    user_id: UserId
    online: bool = False
    last_seen_at: datetime | None = None
    """None while the user is online, and if the time is unknown."""
    status: CustomStatus | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class OnlineState:
    """Whether a user is online, and the version of this state."""

    online: bool
    version: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The part of a user's presence that is stored durably."""

    last_seen_at: datetime | None = None
    status: CustomStatus | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One open stream of a user. `connection_id` is a TimeUUID, and the later TimeUUID belongs to the newer stream.

    If the clocks of two nodes disagree, the older stream can look newer. Both streams then stay open.
    """

    user_id: UserId
    connection_id: UUID


@dataclass(frozen=True, slots=True)
class Update:
    """One response on a stream. An empty update is a keep-alive message."""

    presences: Sequence[Presence] = ()
    snapshot: bool = False
    """Whether `presences` contains all visible users and replaces all earlier responses."""
    reconnect_after: float | None = None
    """Set when the node shuts down: the client must reconnect after this many seconds, to any node."""


class Topic(Enum):
    """The kinds of presence channels on the bus. Each user has one channel per topic, except for BLOCKS."""

    STATE = "presence"
    CONTACTS = "contacts"
    DEVICES = "devices"
    BLOCKS = "blocks"
    """Has one channel for all users."""


Channel = tuple[Topic, UserId]
BLOCKS_CHANNEL: Channel = (Topic.BLOCKS, UserId("changed"))


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A user's presence has changed. `presence` is the new one."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class ContactsChanged:
    """The set of users whom the user may see has changed."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class DeviceConnected:
    """A device with an id has opened a stream. Older streams of the same device must end."""

    connection: Connection
    device_id: str


@dataclass(frozen=True, slots=True)
class BlockChanged:
    """A user has blocked or unblocked another one. Auth publishes this event."""

    blocker: UserId
    blocked: UserId
    present: bool
    """False: the user was unblocked."""


@dataclass(frozen=True, slots=True)
class EventGap:
    """Events may have been missed, so all states must be read again."""


PresenceEvent = StateChanged | ContactsChanged | DeviceConnected | BlockChanged


def _printable(text: str) -> str:
    spaced = (" " if char.isspace() else char for char in text)
    kept = (char for char in spaced if unicodedata.category(char) != "Cc" and char not in _DIRECTION_OVERRIDES)
    return " ".join("".join(kept).split())
