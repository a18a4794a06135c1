"""Unread is the number of messages after the read mark, and the read mark is where the reader set it."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Kind, Recording, position
from tests.faults.checker.stored import Stored, View

_COUNTED_UP_TO = 1_000


def unread_drift(recording: Recording, stored: Stored) -> Iterator[Finding]:
    for view in stored.views:
        expected = min(_after_the_mark(view), _COUNTED_UP_TO)
        if view.unread != expected:
            what = f"{view.chat} has {expected} unread for {view.member}, {view.node} counts {view.unread}"
            yield Finding(wrong=Wrong.UNREAD, at=0.0, what=what)
        there = {message.message for message in view.messages}
        for read in recording.of(Kind.READ):
            mine = read.user == view.member and read.chat == view.chat and read.message in there
            if mine and (not view.read or position(view.read) < position(read.message)):
                what = f"{view.member} had read {view.chat} up to {read.message}, by {view.node} up to {view.read!r}"
                yield Finding(wrong=Wrong.UNREAD, at=read.at, what=what)


def _after_the_mark(view: View) -> int:
    others = [item for item in view.messages if item.sender != view.member and not item.deleted]
    return sum(not view.read or position(item.message) > position(view.read) for item in others)
