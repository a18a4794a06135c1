"""Contract of UserPictures, for every adapter."""

from typing import Any

from kernel.ids import UserId
from services.media.model import FilesSent, GroupPictureSet, Media, Purpose
from tests.builders import an_id
from tests.contract.media.conftest import Stores
from tests.unit.media.builders import a_media

ANN, BOB = UserId(an_id()), UserId(an_id())


async def stored(stores: Stores, **chosen: Any) -> Media:
    media = a_media(**{"owner_id": ANN, "purpose": Purpose.AVATAR, **chosen})
    await stores.media.add(media)
    return media


async def test_all_pictures_of_a_user_are_deleted_and_nothing_else(stores: Stores) -> None:
    one, replaced = await stored(stores), await stored(stores)
    other = await stored(stores, owner_id=BOB)
    sent, unsent = await stored(stores, purpose=Purpose.MESSAGE), await stored(stores, purpose=Purpose.MESSAGE)
    await stores.sent.apply([FilesSent("chat", an_id(), ANN, (sent.media_id,))])

    await stores.pictures.delete(ANN)
    await stores.pictures.delete(ANN)
    await stores.pictures.overwrite()

    assert set(await stores.media.pending_deletion(limit=10)) == {one.media_id, replaced.media_id}
    assert await stores.media.find(one.media_id) is None
    for kept in (other, sent, unsent):
        assert await stores.media.find(kept.media_id) == kept


async def test_pictures_of_groups_stay(stores: Stores) -> None:
    of_group, own = await stored(stores), await stored(stores)
    picture = GroupPictureSet("group", ANN, of_group.media_id)
    await stores.sent.apply([picture, picture])

    await stores.pictures.delete(ANN)

    assert await stores.media.find(of_group.media_id) == of_group
    assert await stores.media.find(own.media_id) is None


async def test_a_picture_that_another_user_chose_for_a_group_is_deleted(stores: Stores) -> None:
    media = await stored(stores)
    await stores.sent.apply([GroupPictureSet("group", BOB, media.media_id)])

    await stores.pictures.delete(ANN)

    assert await stores.media.find(media.media_id) is None
