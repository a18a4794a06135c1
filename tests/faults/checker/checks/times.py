"""Times shown to people are right, whatever clock a node has."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Kind, Recording
from tests.faults.checker.stored import Stored

_TOLERATED_SECONDS = 10.0
"""A node follows a clock that is off by up to 5 s; the rest is for a busy machine."""


def wrong_times(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """A message has a time between its send and its acknowledgement. No chat was active in the future."""
    begun = recording.begun
    sent = {(item.user, item.send): item for item in recording.of(Kind.SENT) if item.send in begun}
    for view in stored.views:
        if view.active > view.asked + _TOLERATED_SECONDS:
            what = f"{view.chat} was last active {view.active - view.asked:.0f} s after it was read, by {view.node}"
            yield Finding(wrong=Wrong.TIME, at=0.0, what=what)
        for shown in view.messages:
            answer = sent.get((shown.sender, shown.send))
            if answer is None or not shown.created:
                continue
            early, late = begun[shown.send].at - shown.created, shown.created - answer.at
            if max(early, late) > _TOLERATED_SECONDS:
                off = f"{early:.0f} s before it was sent" if early > late else f"{late:.0f} s after its acknowledgement"
                what = f"{shown.message} has a time {off} for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.TIME, at=answer.at, what=what)
