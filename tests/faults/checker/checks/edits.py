"""The last acknowledged edit of a message is its text, for all members and on all subscribed devices."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, Recording, later
from tests.faults.checker.stored import Stored


def edit_drift(recording: Recording, stored: Stored) -> Iterator[Finding]:
    yield from _acknowledged_and_not_shown(recording, stored)
    expected: dict[str, str] = {}
    for view in stored.views:
        for item in view.messages:
            if not item.deleted and expected.setdefault(item.message, item.text) != item.text:
                what = f"the text of {item.message} in {view.chat} is another one for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.EDIT, at=0.0, what=what)
    for device in recording.listeners:
        yield from _different_on_device(device, recording.by_device[device], expected)


def _acknowledged_and_not_shown(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """A message is shown with its last acknowledged edit, or with an edit that was not answered: that may be stored
    late.
    """
    last: dict[str, Entry] = {}
    unclear: dict[str, set[str]] = defaultdict(set)
    for item in recording.entries:
        if item.kind == Kind.EDITING:
            unclear[item.message].add(item.text)
        elif item.kind == Kind.EDITED:
            unclear[item.message].discard(item.text)
            last[item.message] = item
    for view in stored.views:
        for shown in view.messages:
            edit = last.get(shown.message)
            if edit and not shown.deleted and shown.text not in {edit.text, *unclear[shown.message]}:
                what = (
                    f"{shown.message} was edited to {edit.text!r}, it is {shown.text!r}"
                    f" for {view.member} by {view.node}"
                )
                yield Finding(wrong=Wrong.EDIT, at=edit.at, what=what)


def _different_on_device(device: str, entries: Sequence[Entry], expected: Mapping[str, str]) -> Iterator[Finding]:
    """A device that had to page is not checked: it received no edits meanwhile."""
    if any(item.kind == Kind.RESYNC for item in entries):
        return
    newest: dict[str, Entry] = {}
    for item in entries:
        if item.kind == Kind.EDIT:
            newest[item.message] = later(newest.get(item.message, item), item)
    for message, item in newest.items():
        if message in expected and item.text != expected[message]:
            what = f"device {device} received the text {item.text!r} of {message}, stored is {expected[message]!r}"
            yield Finding(wrong=Wrong.EDIT, at=item.at, what=what)
