"""The final state that Chatly returns after a run: from every node, for every member."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as a member gets it."""

    message: str
    sender: str
    send: str
    seq: int
    text: str
    deleted: bool
    reactions: frozenset[tuple[str, str]] = frozenset()
    """(user, emoji)"""
    media: tuple[str, ...] = ()
    created: float = 0.0
    """Its time, in seconds since 1970; 0 if it was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole chat as one member gets it from one node."""

    chat: str
    member: str
    node: str
    messages: tuple[Shown, ...]
    """In the order of the listing."""
    unread: int
    read: str
    """The member's read mark, or empty."""
    active: float = 0.0
    """Its last activity, in seconds since 1970; 0 if it was not recorded."""
    asked: float = 0.0
    """When the chat was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A user's state as one presence node returns it, and whether a device of the user is connected."""

    user: str
    node: str
    online: bool
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An attempt to read a file of a message that was deleted for everyone."""

    media: str
    message: str
    node: str
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The whole final state."""

    members: Mapping[str, tuple[str, ...]]
    """Members of every chat."""
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
