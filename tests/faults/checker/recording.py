"""The records of the devices of a run: one line of JSON for each action and each observation."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from uuid import UUID


class Kind(StrEnum):
    """Kind of a line. `-ING` kinds are written before the first attempt, the others after the response."""

    SENDING = "sending"
    SENT = "sent"
    EDITING = "editing"
    EDITED = "edited"
    DELETING = "deleting"
    DELETED = "deleted"
    REACTING = "reacting"
    REACTED = "reacted"
    READ = "read"
    PAGED = "paged"
    """A page of history; `at` is when it was requested, `took` the seconds until its answer."""
    HEARD = "heard"
    """A new message arrived: live, replayed, or found by paging after a resync."""
    GONE = "gone"
    """Live: a message was deleted for everyone."""
    WITHDRAWN = "withdrawn"
    """Live: a second copy was withdrawn."""
    REACTION = "reaction"
    """Live: a reaction of any member."""
    EDIT = "edit"
    """Live: the text of a message changed."""
    LIVE = "live"
    """The subscription caught up."""
    CUT = "cut"
    """The subscription ended."""
    RESYNC = "resync"
    """The subscription could not resume without paging."""
    QUIET = "quiet"
    """The device was asked to be quiet, and all its calls are answered."""
    REFUSED = "refused"
    """A call failed with an error that no retry fixes; `text` has the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. The kind determines which fields are used."""

    at: float
    """Seconds since 1970, by the clock of this machine."""
    kind: str
    device: str
    user: str
    chat: str = ""
    message: str = ""
    send: str = ""
    """The client_message_id."""
    sender: str = ""
    """Sender of the message, or of the reaction."""
    emoji: str = ""
    took: float = 0.0
    present: bool = False
    """Whether the reaction exists, or the message has content."""
    event: str = ""
    """Live: the event's ID. Of two changes of the same field, the later ID wins."""
    text: str = ""
    media: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """Messages of a page that have content."""
    empty: tuple[str, ...] = ()
    """Messages of a page without content: deleted for everyone."""

    def line(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value or name == "at"})


def entry(line: str) -> Entry:
    """Parse the entry of a line. Raise ValueError or TypeError for anything else."""
    item = json.loads(line)
    for name in ("media", "shown", "empty"):
        if name in item:
            item[name] = tuple(item[name])
    return Entry(**item)


def position(message_id: str) -> tuple[int, bytes]:
    """Sort key of a message_id as in a chat: the time of the TimeUUID, then its other bytes."""
    time_uuid = UUID(message_id)
    return time_uuid.time, time_uuid.bytes[8:]


def later(one: Entry, other: Entry) -> Entry:
    """Return the change with the later event; the other one if an event is unknown."""
    if one.event and other.event and position(one.event) > position(other.event):
        return one
    return other


class Recording:
    """All entries of all devices, sorted by time."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Sequence[Entry] = sorted(entries, key=lambda item: item.at)

    def of(self, *kinds: Kind) -> Iterator[Entry]:
        return (item for kind in kinds for item in self._by_kind.get(kind, ()))

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[Entry]]:
        grouped: dict[str, list[Entry]] = defaultdict(list)
        for item in self.entries:
            grouped[item.kind].append(item)
        return grouped

    @cached_property
    def by_device(self) -> Mapping[str, Sequence[Entry]]:
        grouped: dict[str, list[Entry]] = defaultdict(list)
        for item in self.entries:
            grouped[item.device].append(item)
        return grouped

    @cached_property
    def begun(self) -> Mapping[str, Entry]:
        """Return the start of every send, by client_message_id."""
        return {item.send: item for item in self.of(Kind.SENDING)}

    @cached_property
    def listeners(self) -> Mapping[str, Entry]:
        """Return the devices that subscribed, each with the time when it first had caught up."""
        return {item.device: item for item in sorted(self.of(Kind.LIVE), key=lambda item: -item.at)}


def read_recordings(folder: Path) -> Recording:
    """Read every recording of a run. A last line that was cut off is left out."""
    return Recording(item for path in sorted(folder.glob("*.jsonl")) for item in _read(path))


def _read(path: Path) -> Iterator[Entry]:
    lines = path.read_text().splitlines(keepends=True)
    return (entry(line) for line in lines if line.endswith("\n"))
