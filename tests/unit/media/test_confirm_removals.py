"""Files are deleted once the message store has the deletion of their message, and not before."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from services.media.confirm_removals import ConfirmRemovals
from services.media.model import MessageKey, MessageRemoved
from services.media.purge_deleted import PurgeDeleted
from tests.builders import NOON
from tests.fakes import FakeClock
from tests.unit.media.harness import FakeMediaStore, FakeSentFiles, FakeStoredMessages, MemoryRemovals

MESSAGE = MessageKey("chat", "m1")
OTHER = MessageKey("chat", "m2")


@dataclass
class Harness:
    confirm: ConfirmRemovals
    clock: FakeClock = field(default_factory=FakeClock)
    pending: MemoryRemovals = field(default_factory=MemoryRemovals)
    stored: FakeStoredMessages = field(default_factory=FakeStoredMessages)
    sent: FakeSentFiles = field(default_factory=FakeSentFiles)


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    clock, pending, stored, sent = FakeClock(), MemoryRemovals(), FakeStoredMessages(), FakeSentFiles()
    purge = PurgeDeleted(media=FakeMediaStore(), blobs=FolderBlobStore(tmp_path))
    confirm = ConfirmRemovals(pending=pending, stored=stored, sent=sent, purge=purge, clock=clock)
    return Harness(confirm, clock, pending, stored, sent)


async def test_a_removal_that_is_not_stored_changes_nothing(harness: Harness) -> None:
    await harness.pending.add([MESSAGE], due_at=NOON)

    assert await harness.confirm()

    assert harness.sent.applied == []
    assert set(harness.pending.pending) == {MESSAGE}


async def test_stored_removals_are_applied_as_the_store_says(harness: Harness) -> None:
    await harness.pending.add([MESSAGE, OTHER], due_at=NOON)
    removed = {MessageRemoved("chat", "m1", deleted=True), MessageRemoved("chat", "m2", deleted=False)}
    harness.stored.stored = removed

    assert not await harness.confirm()

    assert set(harness.sent.applied) == removed
    assert harness.pending.pending == {}


async def test_the_store_is_asked_again_at_most_once_a_minute(harness: Harness) -> None:
    await harness.pending.add([MESSAGE], due_at=NOON)
    for _ in range(12):
        await harness.confirm()
        await harness.confirm()
        harness.clock.advance(60)

    assert len(harness.stored.asked) == 12


async def test_many_removals_are_confirmed_in_batches(harness: Harness) -> None:
    messages = [MessageKey("chat", f"m{number}") for number in range(250)]
    harness.stored.stored = {MessageRemoved("chat", each.message_id, deleted=True) for each in messages}
    await harness.pending.add(messages, due_at=NOON)

    await harness.confirm()

    assert sorted(harness.stored.asked, key=str) == sorted(messages, key=str)
    assert harness.pending.pending == {}
