"""Messages deleted for everyone stay deleted, with their files."""

from collections.abc import Iterator

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Kind, Recording
from tests.faults.checker.stored import Stored


def resurrected(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Report content of a deleted message in a history, or shown to a member after a member received the deletion.

    On a page requested before that but after the acknowledgement, the message was only shown for too long.
    """
    deleted = {item.message: item.at for item in recording.of(Kind.DELETED)}
    for view in stored.views:
        for shown in view.messages:
            if shown.message in deleted and (not shown.deleted or shown.text or shown.media):
                what = f"{shown.message} was deleted, it is in {view.chat} for {view.member} by {view.node}"
                yield Finding(wrong=Wrong.RESURRECTED, at=deleted[shown.message], what=what)
    deleted_at: dict[str, float] = {}
    for item in recording.of(Kind.GONE):
        deleted_at[item.message] = min(item.at, deleted_at.get(item.message, item.at))
    for page in recording.of(Kind.PAGED):
        for message in page.shown:
            if page.at > deleted.get(message, page.at):
                what = f"{message} was deleted, device {page.device} was shown it on a page asked for later"
                wrong = Wrong.RESURRECTED if page.at > deleted_at.get(message, page.at) else Wrong.STALE
                yield Finding(wrong=wrong, at=page.at, took=page.took, age=page.at - deleted[message], what=what)
    for device, entries in recording.by_device.items():
        gone: set[str] = set()
        for item in entries:
            if item.kind == Kind.GONE:
                gone.add(item.message)
            elif item.kind == Kind.HEARD and item.present and item.message in gone:
                what = f"{item.message} was gone, device {device} heard it once more, with its text"
                yield Finding(wrong=Wrong.RESURRECTED, at=item.at, what=what)


def wrong_files(recording: Recording, stored: Stored) -> Iterator[Finding]:
    """Report files of deleted messages that can be read, and files of messages that exist again and cannot be read.

    A message exists again if the log lost its deletion before it was stored.
    """
    deleted = {item.message for item in recording.of(Kind.DELETED)}
    shown = {
        file for view in stored.views for message in view.messages if not message.deleted for file in message.media
    }
    for probe in stored.probes:
        if probe.reachable and probe.message in deleted:
            what = f"file {probe.media} of the deleted message {probe.message} can still be had from {probe.node}"
            yield Finding(wrong=Wrong.MEDIA, at=0.0, what=what)
        elif not probe.reachable and probe.media in shown:
            what = f"file {probe.media} of the message {probe.message}, which is shown, is missing at {probe.node}"
            yield Finding(wrong=Wrong.MEDIA, at=0.0, what=what)
