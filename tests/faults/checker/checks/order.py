"""All members see one order, in which no message precedes one that its sender knew before; numbers have no gap."""

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Kind, Recording, position
from tests.faults.checker.stored import Stored, View


def misordered(recording: Recording, stored: Stored) -> Iterator[Finding]:
    yield from _histories_out_of_order(stored)
    yield from _effects_before_causes(recording, stored)


def gaps(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Every chat is numbered 1, 2, 3, … without a gap, and every node returns the same numbers."""
    for view in stored.views:
        numbers = sorted(message.seq for message in view.messages)
        if numbers != list(range(1, len(numbers) + 1)):
            missing = sorted(set(range(1, len(numbers) + 1)) - set(numbers))[:5]
            what = f"{view.chat} has {len(numbers)} messages for {view.member} by {view.node}, but not seq {missing}"
            yield Finding(wrong=Wrong.GAP, at=0.0, what=what)


def _histories_out_of_order(stored: Stored) -> Iterator[Finding]:
    first: dict[str, View] = {}
    for view in stored.views:
        order = [message.message for message in view.messages]
        other = first.setdefault(view.chat, view)
        if order != sorted(order, key=position):
            what = f"{view.chat} is not listed by message_id for {view.member} by {view.node}"
            yield Finding(wrong=Wrong.MISORDERED, at=0.0, what=what)
        elif _differ(view, other):
            what = f"{view.chat} has other numbers for {view.member} by {view.node} than for {other.member}"
            yield Finding(wrong=Wrong.MISORDERED, at=0.0, what=what)


def _differ(view: View, other: View) -> bool:
    """Return whether two views of a chat number common messages differently. A message missing in one view is lost,
    which another check reports.
    """
    mine, yours = ({message.message: message.seq for message in each.messages} for each in (view, other))
    return any(mine[message] != yours[message] for message in mine.keys() & yours.keys())


def _effects_before_causes(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """A message sorts after everything that its device had sent or received in the chat before the send began."""
    kept = {(item.sender, item.send): item.message for view in stored.views for item in view.messages}
    known = set(kept.values())
    for device, entries in recording.by_device.items():
        newest: dict[str, str] = defaultdict(str)
        causes: dict[str, str] = {}
        for item in entries:
            if item.kind == Kind.SENDING:
                causes[item.send] = newest[item.chat]
            elif item.kind in {Kind.HEARD, Kind.SENT} and item.message in known:
                newest[item.chat] = max(newest[item.chat], item.message, key=lambda m: position(m) if m else (0, b""))
        for send, cause in causes.items():
            begun = recording.begun[send]
            effect = kept.get((begun.user, send))
            if cause and effect and effect != cause and position(effect) < position(cause):
                what = f"device {device} sent {effect} in {begun.chat} after it knew {cause}, which sorts later"
                yield Finding(wrong=Wrong.MISORDERED, at=begun.at, what=what)
