"""What the devices of a run wrote down: one line of JSON for each thing that they did, were told or saw."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from uuid import UUID


class Kind(StrEnum):
    """What a line tells. `-ING` kinds are written before the first attempt, the others once it is answered."""

    SENDING = "sending"
    SENT = "sent"
    DELETING = "deleting"
    DELETED = "deleted"
    REACTING = "reacting"
    REACTED = "reacted"
    READ = "read"
    PAGED = "paged"
    """A page of history; `at` is when it was asked for."""
    HEARD = "heard"
    """A new message came: live, replayed, or found by paging after a resync."""
    GONE = "gone"
    """Live: deleted for everyone."""
    WITHDRAWN = "withdrawn"
    """Live: it was a second copy."""
    REACTION = "reaction"
    """Live: somebody's."""
    LIVE = "live"
    """The subscription has caught up."""
    CUT = "cut"
    """The subscription ended."""
    RESYNC = "resync"
    """The subscription could not be resumed without paging."""
    QUIET = "quiet"
    """It was told to be quiet, and all it had begun is answered."""
    REFUSED = "refused"
    """A call was answered with what no retry mends; `text` says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. Which fields say something depends on the kind."""

    at: float
    """Seconds since 1970, by the one clock of the machine."""
    kind: str
    device: str
    user: str
    chat: str = ""
    message: str = ""
    send: str = ""
    """The client_message_id."""
    sender: str = ""
    """Who wrote the message, or put the reaction."""
    emoji: str = ""
    present: bool = False
    """Whether the reaction is there, or the message has content."""
    text: str = ""
    media: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """A page's messages that have content."""
    empty: tuple[str, ...] = ()
    """A page's messages without content: deleted for everyone."""

    def line(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value or name == "at"})


def entry(line: str) -> Entry:
    """The entry of a line; raise ValueError or TypeError for anything else."""
    item = json.loads(line)
    for name in ("media", "shown", "empty"):
        if name in item:
            item[name] = tuple(item[name])
    return Entry(**item)


def position(message_id: str) -> tuple[int, bytes]:
    """Sorts as a chat shows its messages: by the time in the TimeUUID, then by its other bytes."""
    time_uuid = UUID(message_id)
    return time_uuid.time, time_uuid.bytes[8:]


class Journal:
    """All entries of all devices, by time."""

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
        """The beginning of every send, by client_message_id."""
        return {item.send: item for item in self.of(Kind.SENDING)}

    @cached_property
    def listeners(self) -> Mapping[str, Entry]:
        """Devices that subscribed: each with the moment at which it first had caught up."""
        return {item.device: item for item in sorted(self.of(Kind.LIVE), key=lambda item: -item.at)}


def read_journals(folder: Path) -> Journal:
    """Every journal of a run. A last line that was cut off by the end of its writer is left out."""
    return Journal(item for path in sorted(folder.glob("*.jsonl")) for item in _read(path))


def _read(path: Path) -> Iterator[Entry]:
    lines = path.read_text().splitlines(keepends=True)
    return (entry(line) for line in lines if line.endswith("\n"))
