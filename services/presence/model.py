"""What presence speaks of: states, devices, and the news of them. Not how they travel or where they are kept."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from kernel.ids import UserId

# They change the direction of text that follows the status, which is not its own.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class CustomStatus:
    """Somebody's own words. `expires_at` None: they stay."""

    text: str
    emoji: str
    expires_at: datetime | None = None

    def cleaned(self) -> "CustomStatus | None":
        """Without control characters and surrounding space; None if nothing is left."""
        text, emoji = _printable(self.text), _printable(self.emoji)
        return CustomStatus(text, emoji, self.expires_at) if text or emoji else None

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's state. Of two of the same user the one with the higher version is true; 0 is no knowledge at all."""

    user_id: UserId
    online: bool = False
    last_seen_at: datetime | None = None
    """None while online, and where it is not known."""
    status: CustomStatus | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Reachability:
    """Whether a user holds a lease, and the version of that knowledge."""

    online: bool
    version: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What is kept of a user across restarts."""

    last_seen_at: datetime | None = None
    status: CustomStatus | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One open stream of a user. `connection_id` is a TimeUUID: of two the later one is the newer stream.

    Where two nodes' clocks disagree an older stream may be taken for the newer one: it then stays beside it.
    """

    user_id: UserId
    connection_id: UUID


@dataclass(frozen=True, slots=True)
class Update:
    """One answer in a stream; with nothing in it: the stream is alive."""

    presences: Sequence[Presence] = ()
    snapshot: bool = False
    """The presences are all there are."""
    reconnect_after: float | None = None
    """The server goes away: come back, to any server, after so many seconds."""


class Topic(Enum):
    """What there is news about, for each user apart."""

    STATE = "presence"
    CONTACTS = "contacts"
    DEVICES = "devices"


Channel = tuple[Topic, UserId]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A user's newest state."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class ContactsChanged:
    """The people who share a chat with this user are others than before."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class DeviceConnected:
    """A named device opened a stream: older ones of the same device are to end."""

    connection: Connection
    device_id: str


@dataclass(frozen=True, slots=True)
class NewsGap:
    """News may have been missed: read everything again."""


News = StateChanged | ContactsChanged | DeviceConnected


def _printable(text: str) -> str:
    spaced = (" " if char.isspace() else char for char in text)
    kept = (char for char in spaced if unicodedata.category(char) != "Cc" and char not in _DIRECTION_OVERRIDES)
    return " ".join("".join(kept).split())
