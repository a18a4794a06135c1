"""Read your writes: a page has every message that was acknowledged before the page was requested."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, Recording, position
from tests.faults.checker.stored import Stored


def stale(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Only the newest page of a chat is recorded: it must have every message newer than its oldest one."""
    kept = {message.message for view in stored.views for message in view.messages}
    sent: dict[str, list[tuple[tuple[int, bytes], Entry]]] = defaultdict(list)
    for item in recording.of(Kind.SENT):
        if item.message in kept:
            sent[item.chat].append((position(item.message), item))
    for in_chat in sent.values():
        in_chat.sort(key=lambda pair: pair[0])
    for page in recording.of(Kind.PAGED):
        there = {*page.shown, *page.empty}
        oldest = min((position(message) for message in there), default=(0, b""))
        in_chat = sent[page.chat]
        for _, item in in_chat[bisect_right(in_chat, oldest, key=lambda pair: pair[0]) :]:
            if item.at < page.at and item.message not in there:
                what = (
                    f"{item.message} was acknowledged, a page of {page.chat} asked for later by {page.device} lacks it"
                )
                yield Finding(wrong=Wrong.STALE, at=page.at, took=page.took, age=page.at - item.at, what=what)
