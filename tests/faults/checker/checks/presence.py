"""Exactly the users with a connected device are online."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Recording
from tests.faults.checker.stored import Stored


def ghosts(recording: Recording, stored: Stored) -> Iterator[Finding]:
    for sighting in stored.sightings:
        if sighting.online and not sighting.connected:
            what = f"{sighting.user} has gone, {sighting.node} says online"
            yield Finding(wrong=Wrong.GHOST, at=0.0, what=what)
        if sighting.connected and not sighting.online:
            what = f"{sighting.user} is connected, {sighting.node} says offline"
            yield Finding(wrong=Wrong.GHOST, at=0.0, what=what)
