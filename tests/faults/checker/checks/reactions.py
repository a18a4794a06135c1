"""Reactions are a set: acknowledged ones are in it, and all members and subscribed devices see the same set."""

from collections.abc import Iterator, Mapping, Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, Recording, later
from tests.faults.checker.stored import Stored

Marks = frozenset[tuple[str, str]]


def reaction_drift(recording: Recording, stored: Stored) -> Iterator[Finding]:
    yield from _acknowledged_and_not_so(recording, stored)
    expected: dict[str, Marks] = {}
    for view in stored.views:
        for item in view.messages:
            if not item.deleted and expected.setdefault(item.message, item.reactions) != item.reactions:
                what = f"the reactions on {item.message} in {view.chat} are others for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.REACTION, at=0.0, what=what)
    for device in recording.listeners:
        yield from _different_on_device(device, recording.by_device[device], expected)


def _acknowledged_and_not_so(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """The newest acknowledged toggle of each (user, message, emoji) is stored, unless a later one is unclear."""
    last: dict[tuple[str, str, str], Entry] = {}
    for item in recording.entries:
        if item.kind in {Kind.REACTING, Kind.REACTED}:
            last[item.user, item.message, item.emoji] = item
    for view in stored.views:
        there = {item.message: item for item in view.messages if not item.deleted}
        for (user, message, emoji), item in last.items():
            shown = there.get(message)
            if item.kind == Kind.REACTED and shown and ((user, emoji) in shown.reactions) != item.present:
                state = "there" if item.present else "gone"
                what = f"{emoji} of {user} on {message} should be {state} for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.REACTION, at=item.at, what=what)


def _different_on_device(device: str, entries: Sequence[Entry], expected: Mapping[str, Marks]) -> Iterator[Finding]:
    """A device that had to page is not checked: it received no reactions meanwhile."""
    if any(item.kind == Kind.RESYNC for item in entries):
        return
    newest: dict[tuple[str, str, str], Entry] = {}
    for item in entries:
        if item.kind == Kind.REACTION:
            key = (item.message, item.sender, item.emoji)
            newest[key] = later(newest.get(key, item), item)
    heard: dict[str, set[tuple[str, str]]] = {item.message: set() for item in newest.values()}
    for item in newest.values():
        if item.present:
            heard[item.message].add((item.sender, item.emoji))
    for message, marks in heard.items():
        if message in expected and marks != expected[message]:
            what = f"device {device} heard of other reactions on {message} than are stored"
            yield Finding(wrong=Wrong.REACTION, at=0.0, what=what)
