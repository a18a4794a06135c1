"""A fault never looks like a client's mistake: every call that was refused for good was a wrong call."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Kind, Recording
from tests.faults.checker.stored import Stored


def refused(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """The devices of a run only make allowed calls."""
    for item in recording.of(Kind.REFUSED):
        yield Finding(wrong=Wrong.REFUSED, at=item.at, what=f"device {item.device} got the error: {item.text}")
