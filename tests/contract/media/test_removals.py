"""Contract of PendingRemovals, ComparisonProgress and SentFiles.messages, for every adapter."""

from datetime import timedelta

from services.media.model import Comparison, FilesSent, MessageKey, PendingRemoval
from tests.builders import NOON, an_id
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import a_media

SOON = NOON + timedelta(seconds=1)


async def a_message(stores: Stores) -> MessageKey:
    """Return a message with two files."""
    key = MessageKey("chat", an_id())
    files = [a_media(), a_media()]
    for media in files:
        await stores.media.add(media)
        await stores.sent.apply([FilesSent(key.chat_id, key.message_id, media.owner_id, (media.media_id,))])
    return key


async def test_a_message_with_files_is_pending_until_it_is_removed(stores: Stores) -> None:
    key = await a_message(stores)

    await stores.removals.add([key], due_at=NOON)
    (pending,) = await stores.removals.due(NOON, limit=10)
    assert pending == PendingRemoval(key, 0, NOON)
    await stores.removals.remove(pending)

    assert list(await stores.removals.due(SOON, limit=10)) == []


async def test_a_message_without_files_is_not_pending(stores: Stores) -> None:
    await stores.removals.add([MessageKey("chat", an_id())], due_at=NOON)

    assert list(await stores.removals.due(SOON, limit=10)) == []


async def test_a_postponed_removal_is_due_later(stores: Stores) -> None:
    key = await a_message(stores)
    await stores.removals.add([key], due_at=NOON)
    (pending,) = await stores.removals.due(NOON, limit=10)

    await stores.removals.postpone(pending, until=SOON)

    assert list(await stores.removals.due(NOON, limit=10)) == []
    assert list(await stores.removals.due(SOON, limit=10)) == [PendingRemoval(key, 1, SOON)]


async def test_all_messages_with_files_are_read_in_pages(stores: Stores) -> None:
    keys = {await a_message(stores) for _ in range(5)}

    found: list[MessageKey] = []
    after = ""
    while True:
        page = await stores.sent.messages(after=after, limit=2)
        assert len(page.messages) <= 2
        found += page.messages
        if not (after := page.next_after):
            break

    assert len(found) == 5
    assert set(found) == keys


async def test_the_progress_of_a_comparison_only_moves_forward(stores: Stores) -> None:
    for later, earlier in (
        (Comparison("one", 2, "b"), Comparison("one", 1, "a")),
        (Comparison("one", 3, "", done=True), Comparison("one", 2, "b")),
    ):
        await stores.comparison.save(later)
        await stores.comparison.save(earlier)
        assert await stores.comparison.load("one") == later

    assert await stores.comparison.load("two") is None
