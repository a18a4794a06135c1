"""What Chatly tells after a run, when all is quiet: asked of every node, on behalf of every member."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as one member is shown it."""

    message: str
    sender: str
    send: str
    seq: int
    text: str
    deleted: bool
    reactions: frozenset[tuple[str, str]] = frozenset()
    """(user, emoji)"""
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole chat as one member is shown it by one node."""

    chat: str
    member: str
    node: str
    messages: tuple[Shown, ...]
    """In the order in which they were listed."""
    unread: int
    read: str
    """The member's read mark, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A user as one node of presence tells of them, and whether one of their devices is really connected."""

    user: str
    node: str
    online: bool
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An attempt to get a file of a message that was deleted for everyone."""

    media: str
    message: str
    node: str
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """All of it."""

    members: Mapping[str, tuple[str, ...]]
    """Of every chat."""
    views: tuple[View, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    probes: tuple[Probe, ...] = ()


def write_stored(stored: Stored, path: Path) -> None:
    path.write_text(json.dumps(asdict(stored), default=sorted, indent=1) + "\n")


def read_stored(path: Path) -> Stored:
    item = json.loads(path.read_text())
    return Stored(
        members={chat: tuple(users) for chat, users in item["members"].items()},
        views=tuple(_view(view) for view in item["views"]),
        sightings=tuple(Sighting(**sighting) for sighting in item["sightings"]),
        probes=tuple(Probe(**probe) for probe in item["probes"]),
    )


def _view(item: dict[str, Any]) -> View:
    return View(**{**item, "messages": tuple(_shown(message) for message in item["messages"])})


def _shown(item: dict[str, Any]) -> Shown:
    reactions = frozenset((user, emoji) for user, emoji in item["reactions"])
    return Shown(**{**item, "reactions": reactions, "media": tuple(item["media"])})
