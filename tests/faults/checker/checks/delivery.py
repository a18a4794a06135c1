"""Every acknowledged message is there once: in every member's history, and on every subscribed device."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, Recording
from tests.faults.checker.stored import Stored


def lost(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Search by the sender's ID of the send: the persister decides which of two copies is kept."""
    yield from _lost_in_history(recording, stored)
    yield from _lost_on_devices(recording, stored)


def doubled(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Report a send that is shown twice: in a history, or on a device after all withdrawals."""
    begun = recording.begun
    for view in stored.views:
        for send, times in Counter(message.send for message in view.messages).items():
            if times > 1:
                at = begun[send].at if send in begun else 0.0
                what = f"{times} copies of send {send} in {view.chat} for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.DOUBLED, at=at, what=what)
    for device, entries in recording.by_device.items():
        for send, copies in _kept_copies(entries).items():
            if len(copies) > 1:
                at = begun[send].at if send in begun else 0.0
                what = f"device {device} shows send {send} as {', '.join(sorted(copies))}"
                yield Finding(wrong=Wrong.DOUBLED, at=at, what=what)


def _lost_in_history(recording: Recording, stored: Stored) -> Iterator[Finding]:
    for view in stored.views:
        there = {(message.sender, message.send) for message in view.messages}
        for sent in recording.of(Kind.SENT):
            if sent.chat == view.chat and (sent.user, sent.send) not in there:
                what = (
                    f"message {sent.message} (send {sent.send}) is not in {view.chat} for {view.member} by {view.node}"
                )
                yield Finding(wrong=Wrong.LOST, at=sent.at, what=what)


def _lost_on_devices(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Sends that began after a device had first caught up: sends in flight at that moment may be on either side."""
    begun = recording.begun
    for device, live in recording.listeners.items():
        entries = recording.by_device[device]
        heard = {(item.sender, item.send) for item in entries if item.kind == Kind.HEARD}
        gone = {item.message for item in entries if item.kind == Kind.GONE}
        for sent in recording.of(Kind.SENT):
            concerns = live.user in stored.members.get(sent.chat, ()) and begun[sent.send].at > live.at
            if concerns and (sent.user, sent.send) not in heard and sent.message not in gone:
                what = f"device {device} never heard of message {sent.message} (send {sent.send}) in {sent.chat}"
                yield Finding(wrong=Wrong.LOST, at=sent.at, what=what)


def _kept_copies(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Return the messages that a device shows for each send."""
    withdrawn = {item.message for item in entries if item.kind == Kind.WITHDRAWN}
    kept: dict[str, set[str]] = defaultdict(set)
    for item in entries:
        if item.kind == Kind.HEARD and item.message not in withdrawn:
            kept[item.send].add(item.message)
    return kept
