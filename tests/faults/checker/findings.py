"""What a check may find."""

from dataclasses import dataclass
from enum import StrEnum


class Wrong(StrEnum):
    """What is wrong."""

    LOST = "lost"
    """Acknowledged, and not there: in a member's history, or on a device that listened."""
    DOUBLED = "doubled"
    MISORDERED = "misordered"
    GAP = "gap in seq"
    UNREAD = "unread drift"
    REACTION = "reaction drift"
    GHOST = "presence ghost"
    RESURRECTED = "resurrected"
    MEDIA = "media of a deleted message"
    STALE = "not shown at once"
    """A page asked for after the acknowledgement did not have the message, or still had the deleted one:
    read-your-writes was broken for a while."""

    REFUSED = "refused"
    """A call was answered with an error that tells the client to give up, though nothing was wrong with the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    wrong: Wrong
    at: float
    """When what it concerns happened, to lay it at the door of a fault; 0: at the end of the run."""
    what: str
    """For people: which message, where."""
