"""A fault never looks like a mistake of the client's: whatever was refused for good should have been."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.journal import Journal, Kind
from tests.faults.checker.stored import Stored


def refused(journal: Journal, stored: Stored) -> Iterator[Finding]:
    """The devices of a run only do what they may."""
    for item in journal.of(Kind.REFUSED):
        yield Finding(wrong=Wrong.REFUSED, at=item.at, what=f"device {item.device} was told: {item.text}")
