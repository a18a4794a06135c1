"""Losses of the log: which acknowledged changes only the lost log had, and may therefore be missing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.checker.recording import Entry, Kind, Recording
from tests.faults.checker.stored import Stored

LOSSES = "losses.jsonl"
"""Name of the file with the losses of a run."""
Fact = tuple[str, ...]
"""The kind of a change, then the fields that identify it: see `fact_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss of the log during a run."""

    at: float
    """When the other log was started: nothing that was acknowledged later may be missing."""
    reported: bool
    """Whether `chatly log status` reported a new epoch. If not, nothing may be missing."""
    stored: frozenset[Fact]
    """All changes that the store had when no broker of the lost log ran any more."""

    def allows(self, item: Entry) -> bool:
        """Return whether an acknowledged or received change may be missing after this loss."""
        fact = fact_of(item)
        return self.reported and fact is not None and item.at <= self.at and fact not in self.stored


def fact_of(item: Entry) -> Fact | None:
    """Return the change that an entry reports as acknowledged or received; None for other entries."""
    match item.kind:
        case Kind.SENT:
            return ("sent", item.user, item.send)
        case Kind.HEARD:
            return ("sent", item.sender, item.send)
        case Kind.EDITED | Kind.EDIT:
            return ("edited", item.message, item.text)
        case Kind.DELETED | Kind.GONE:
            return ("deleted", item.message)
        case Kind.REACTED:
            return ("reacted", item.user, item.message, item.emoji, str(item.present))
        case Kind.REACTION:
            return ("reacted", item.sender, item.message, item.emoji, str(item.present))
        case Kind.READ:
            return ("read", item.user, item.message)
        case _:
            return None


def without_lost(
    recording: Recording, stored: Stored, losses: Sequence[Loss]
) -> tuple[Recording, Sequence[tuple[Loss, Entry]]]:
    """Return the recording without the changes that a loss allows to be missing, and the acknowledged messages among
    them, each with its loss.

    A change that any history shows stays: then it must be everywhere. So does a change that the store had.
    """
    shown = _shown(stored)
    kept: list[Entry] = []
    missing: list[tuple[Loss, Entry]] = []
    for item in recording.entries:
        loss = next((each for each in losses if each.allows(item)), None)
        if loss is None or _is_shown(fact_of(item), shown):
            kept.append(item)
        elif item.kind == Kind.SENT:
            missing.append((loss, item))
    return Recording(kept), missing


def kept_deletions(recording: Recording, stored: Stored, losses: Sequence[Loss]) -> set[str]:
    """Return the messages whose deletion must have happened: those that no lost log took."""
    kept, _ = without_lost(recording, stored, losses)
    return {item.message for item in kept.of(Kind.DELETED)}


def _is_shown(fact: Fact | None, shown: set[Fact]) -> bool:
    """Return whether the histories show a change. They show that a reaction was taken back by not having it."""
    match fact:
        case ("reacted", *where, "False"):
            return ("reacted", *where, "True") not in shown
        case _:
            return fact in shown


def _shown(stored: Stored) -> set[Fact]:
    """Return the changes that any history shows."""
    shown: set[Fact] = set()
    for message in (message for view in stored.views for message in view.messages):
        shown.add(("sent", message.sender, message.send))
        shown.add(("deleted", message.message) if message.deleted else ("edited", message.message, message.text))
        shown.update(("reacted", user, message.message, emoji, "True") for user, emoji in message.reactions)
    return shown


def write_losses(losses: Iterable[Loss], path: Path) -> None:
    path.write_text("".join(json.dumps(asdict(loss), default=sorted) + "\n" for loss in losses))


def read_losses(path: Path) -> list[Loss]:
    """Return no losses if there is no file: the run had none."""
    items = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [Loss(**{**item, "stored": frozenset(map(tuple, item["stored"]))}) for item in items]
