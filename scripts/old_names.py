"""Names that Chatly no longer uses, and the folders where they are refused.

An entry is a whole identifier or, with `word=True`, a part of one (`town` is a part of `a_town` and of `TownHall`).
Entries apply to code and to file names, not to prose, where `Turns` may be an English word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PRODUCTION = ("history/", "kernel/", "mesh/", "services/")
_LIVE = ("services/messaging/", "tests/rpc/live/", "tests/unit/live/")
_TESTS = ("bench/", "tests/")


@dataclass(frozen=True, slots=True)
class OldName:
    """`name` was replaced by `new`. `within` are the folders where it is refused; empty means everywhere."""

    name: str
    new: str
    within: tuple[str, ...] = ()
    word: bool = False


def _old(names: str, new: str, within: tuple[str, ...] = (), *, word: bool = False) -> list[OldName]:
    return [OldName(name, new, within, word) for name in names.split()]


OLD_NAMES: tuple[OldName, ...] = (
    *_old("seat", "ChatAccess", word=True),
    *_old("Turns UploadLocks", "KeyedLock"),
    *_old("journal", "EventPublisher", ("services/", "tests/"), word=True),
    *_old("Reader Outbox", "Subscriber, SendQueue", ("services/messaging/live/",)),
    *_old("stir linger", "notify, delay", _LIVE, word=True),
    *_old("Pace Fanout", "WriteBatcher, Broadcaster", _LIVE),
    *_old("Recents Span", "DeliveryLog", _LIVE),
    *_old("whereabouts", "memberships", word=True),
    *_old("Rendering Wire EventWire StreamWire SubscribeWire", "EventEncoder", _LIVE),
    *_old("Replays Missed Past", "ReplayReader, Replay", _LIVE),
    *_old("spare", "Fallback*", word=True),
    *_old("Registered Word", "LwwRegister", ("history/", "services/", "tests/")),
    *_old("judge verdict", "resolve, Decision", word=True),
    *_old("scrubbed", "redacted", word=True),
    *_old("emptied", "redacted", _PRODUCTION, word=True),
    *_old("forget_words", "redact"),
    *_old("Ground Parts Node", "Dependencies", ("services/",)),
    *_old("Lanes Stamps", "Shards, BarrierIds", ("kernel/", "mesh/", "tests/")),
    *_old("fence fences", "barrier, Barriers", (*_PRODUCTION, "tests/contract/", "tests/unit/kernel/"), word=True),
    *_old("Line", "SubscriberConnection", ("kernel/",)),
    *_old("Exchange", "PipelineConnection", ("kernel/", "tests/")),
    *_old("Asked Outcome given_up", "Job, Result, cancelled", ("kernel/", "tests/unit/kernel/")),
    *_old("Bridge", "CallbackBridge"),
    *_old("agenda", "ExpiryIndex", word=True),
    *_old("Due", "Expiry", ("kernel/", "services/")),
    *_old("ToleratedOutage", "suppress_unavailable"),
    *_old("heeded", "reraise_cancellation", word=True),
    *_old("NotYet AbsentLog", "StartingHandler, DisabledLog"),
    *_old("moments timestamps", "time.py", ("kernel/", "history/", "services/")),
    *_old("door", "http api", word=True),
    *_old("TakeUp take_up", "ResumePoint"),
    *_old("Announcement", "UploadRequest", ("services/media/", "tests/rpc/media/", "tests/unit/media/")),
    *_old("condemned bury buried", "pending_deletion, purge", word=True),
    *_old("Forgetting", "ExpiryCleanup"),
    *_old("Reach Reachability", "OnlineState"),
    *_old(
        "settle settled complaint complaints told", "one precise verb or noun", (*_PRODUCTION, "scripts/"), word=True
    ),
    *_old("place places look turn turns", "one precise verb or noun", _PRODUCTION, word=True),
    *_old("Cut nudge judge later patiently", "StreamAborted, wake, classify, lazyComponent, retryingImport", ("web/",)),
    *_old("tray", "UploadQueue", ("web/",), word=True),
    *_old("rig town plant chronicle", "harness.py, builders.py", _TESTS, word=True),
    *_old("world house", "harness.py, builders.py", ("tests/",), word=True),
)

OLD_FILES = {
    "asked.py": "jobs.py",
    "clock.py": "time.py",
    "known.py": "builders.py",
    "moments.py": "time.py",
    "peers.py": "user_blocks.py, or builders.py in tests",
    "things.py": "builders.py",
    "timestamps.py": "time.py",
}
"""File names that are refused although their words are allowed as identifiers."""
FILES_KEPT = ("bench/sides/peers.py",)

HOT_TAIL = re.compile(r"\w*HotTail\w*")
"""Refused unless the glossary explains it."""

INNOCENT = {"allSettled", "condemned_at", "in_place", "look_up", "look_ups", "lookup"}
"""Identifiers of other libraries, phrases of English, and columns of stored tables."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(identifier: str) -> set[str]:
    """Return the parts of an identifier in lower case: `a_TownHall` → a, town, hall."""
    return {part.lower() for part in _PART.findall(identifier)}


def old_name(identifier: str, path: str) -> OldName | None:
    """Return the entry that refuses this identifier in this file."""
    if identifier in INNOCENT:
        return None
    parts = words(identifier)
    for old in OLD_NAMES:
        if old.within and not path.startswith(old.within):
            continue
        if old.name in parts if old.word else old.name == identifier:
            return old
    return None
