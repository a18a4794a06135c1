"""Contract of SentFiles, for every adapter."""

from datetime import timedelta

from kernel.ids import UserId
from services.media.model import FilesSent, GroupPictureSet, LogChange, Media, MessageKey, MessageRemoved, Purpose
from tests.builders import NOON, an_id
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import a_media


async def stored(stores: Stores, media: Media) -> Media:
    await stores.media.add(media)
    return media


async def chats_of(stores: Stores, media: Media) -> list[str]:
    return sorted({each.chat_id for each in await stores.sent.messages_with(media.media_id)})


def sent(media: Media, chat_id: str, message_id: str) -> FilesSent:
    return FilesSent(chat_id, message_id, media.owner_id, (media.media_id,))


async def test_a_file_is_in_every_message_its_owner_sent_it_with(stores: Stores) -> None:
    media = await stored(stores, a_media())
    messages = [MessageKey("one", an_id()), MessageKey("two", an_id()), MessageKey("two", an_id())]

    await stores.sent.apply([sent(media, each.chat_id, each.message_id) for each in messages])

    assert set(await stores.sent.messages_with(media.media_id)) == set(messages)


async def test_a_repeated_send_is_recorded_once_and_ends_with_its_message(stores: Stores) -> None:
    media, message = await stored(stores, a_media()), an_id()
    await stores.sent.apply([sent(media, "chat", message), sent(media, "chat", message)])
    await stores.sent.apply([sent(media, "chat", message)])

    assert await stores.sent.messages_with(media.media_id) == [MessageKey("chat", message)]
    assert await stores.sent.apply([MessageRemoved("chat", message, deleted=True)]) == [media.media_id]


async def test_the_picture_of_a_group_is_in_no_message(stores: Stores) -> None:
    picture = await stored(stores, a_media(purpose=Purpose.AVATAR))

    await stores.sent.apply([GroupPictureSet("group", picture.owner_id, picture.media_id)])

    assert await stores.sent.messages_with(picture.media_id) == []


async def test_a_file_sent_by_another_user_is_ignored(stores: Stores) -> None:
    media = await stored(stores, a_media())

    await stores.sent.apply([FilesSent("theirs", an_id(), UserId(an_id()), (media.media_id,))])

    assert await chats_of(stores, media) == []


async def test_a_file_is_deleted_with_its_last_message(stores: Stores) -> None:
    media, first, last = await stored(stores, a_media()), an_id(), an_id()
    await stores.sent.apply([sent(media, "one", first), sent(media, "two", last)])

    assert await stores.sent.apply([MessageRemoved("one", first, deleted=True)]) == []
    assert await chats_of(stores, media) == ["two"]
    assert await stores.sent.apply([MessageRemoved("two", last, deleted=True)]) == [media.media_id]
    assert await stores.media.find(media.media_id) is None


async def test_all_files_of_a_deleted_message_are_deleted(stores: Stores) -> None:
    one, message = await stored(stores, a_media()), an_id()
    other = await stored(stores, a_media(owner_id=one.owner_id))
    await stores.sent.apply([FilesSent("chat", message, one.owner_id, (one.media_id, other.media_id))])

    deleted = await stores.sent.apply([MessageRemoved("chat", message, deleted=True)])

    assert set(deleted) == {one.media_id, other.media_id}


async def test_repeated_records_change_nothing(stores: Stores) -> None:
    media, message = await stored(stores, a_media()), an_id()
    changes: list[LogChange] = [sent(media, "chat", message), MessageRemoved("chat", message, deleted=True)]
    await stores.sent.apply(changes)

    assert await stores.sent.apply(changes) == []
    assert await chats_of(stores, media) == []


async def test_a_withdrawn_copy_keeps_the_file(stores: Stores) -> None:
    media, kept, copy = await stored(stores, a_media()), an_id(), an_id()
    await stores.sent.apply([sent(media, "chat", kept), sent(media, "chat", copy)])

    await stores.sent.apply([MessageRemoved("chat", copy, deleted=False)])

    assert await chats_of(stores, media) == ["chat"]
    assert await stores.media.find(media.media_id) == media


async def test_only_old_unsent_files_are_deleted(stores: Stores) -> None:
    old = NOON - timedelta(days=8)
    unsent = await stored(stores, a_media(created_at=old))
    in_a_chat = await stored(stores, a_media(created_at=old))
    picture = await stored(stores, a_media(created_at=old, purpose=Purpose.AVATAR))
    young = await stored(stores, a_media(created_at=NOON))
    await stores.sent.apply([sent(in_a_chat, "chat", an_id())])

    deleted = await stores.sent.delete_unsent(before=NOON - timedelta(days=7), limit=10)

    assert deleted == [unsent.media_id]
    for kept in (in_a_chat, picture, young):
        assert await stores.media.find(kept.media_id) == kept
