"""Kinds of findings of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Wrong(StrEnum):
    """A kind of broken promise."""

    LOST = "lost"
    """Acknowledged, but missing in a member's history or on a subscribed device."""
    DOUBLED = "doubled"
    MISORDERED = "misordered"
    GAP = "gap in seq"
    UNREAD = "unread drift"
    REACTION = "reaction drift"
    EDIT = "edit drift"
    """A message without its last acknowledged text, or with another text on a device than in the store."""
    GHOST = "presence ghost"
    RESURRECTED = "resurrected"
    MEDIA = "wrong files"
    """A file of a deleted message can be read, or one of a message that is shown cannot."""
    STALE = "not shown at once"
    """A page requested after the acknowledgement lacked the message, or still had the deleted one: read-your-writes was
    broken for a while.
    """

    REFUSED = "refused"
    """A call failed with an error that tells the client to give up, although the call was correct."""
    TIME = "wrong time"
    """A message or a chat with a time at which it was not sent or active."""
    UNREPORTED = "not reported"
    """The log was lost or a clock was wrong, and Chatly did not report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise."""

    wrong: Wrong
    at: float
    """When it happened, to assign it to a fault; 0: at the end of the run."""
    took: float = 0.0
    """Seconds from the request of a page to its answer."""
    age: float | None = None
    """Seconds from the acknowledgement of a change to the request of a page without it; None: no page."""
    what: str
    """Text for people: which message, and where."""
