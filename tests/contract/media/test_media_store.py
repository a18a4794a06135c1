"""Contract of MediaStore, for every adapter."""

from datetime import timedelta

from services.media.model import FilesSent, MessageRemoved, Purpose
from tests.builders import NOON, an_id
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import a_media


async def test_a_file_is_stored_unchanged(stores: Stores) -> None:
    media = a_media(
        purpose=Purpose.AVATAR,
        file_name="Grüße 👋.png",
        width=3,
        height=4,
        thumbnail_bytes=5,
        created_at=NOON + timedelta(microseconds=9),
    )

    await stores.media.add(media)

    assert await stores.media.find(media.media_id) == media


async def test_adding_again_changes_nothing(stores: Stores) -> None:
    media = a_media()
    await stores.media.add(media)

    await stores.media.add(a_media(media_id=media.media_id, file_name="other"))

    assert await stores.media.find(media.media_id) == media


async def test_an_unknown_file_is_not_found(stores: Stores) -> None:
    assert await stores.media.find(a_media().media_id) is None


async def test_a_deleted_file_is_pending_until_purged_and_cannot_be_added_again(stores: Stores) -> None:
    media, message = a_media(), an_id()
    await stores.media.add(media)
    await stores.sent.apply([FilesSent("chat", message, media.owner_id, (media.media_id,))])
    await stores.sent.apply([MessageRemoved("chat", message, deleted=True)])
    assert await stores.media.pending_deletion(limit=10) == [media.media_id]

    await stores.media.mark_purged(media.media_id)
    await stores.media.add(media)

    assert await stores.media.pending_deletion(limit=10) == []
    assert await stores.media.find(media.media_id) is None


async def test_the_message_files_of_a_user_are_listed_until_they_are_purged(stores: Stores) -> None:
    unsent, message = a_media(), an_id()
    sent = a_media(owner_id=unsent.owner_id)
    for media in (unsent, sent, a_media(owner_id=unsent.owner_id, purpose=Purpose.AVATAR), a_media()):
        await stores.media.add(media)
    await stores.sent.apply([FilesSent("chat", message, sent.owner_id, (sent.media_id,))])
    assert set(await stores.media.message_files(unsent.owner_id)) == {unsent.media_id, sent.media_id}

    await stores.sent.apply([MessageRemoved("chat", message, deleted=True)])
    await stores.media.mark_purged(sent.media_id)

    assert list(await stores.media.message_files(unsent.owner_id)) == [unsent.media_id]
