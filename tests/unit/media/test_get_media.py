"""Who may see a file."""

import asyncio

import pytest

from kernel.errors import ChatlyError
from kernel.ids import UserId
from services.media.errors import MediaReason
from services.media.get_media import GetMedia
from services.media.model import Media, MediaId, Purpose
from tests.builders import an_id
from tests.unit.media.builders import a_direct_chat, a_media
from tests.unit.media.fakes import FakeGroups, FakeMediaStore, FakeNews, FakeSentFiles

ANN, BOB, EVE = UserId(an_id()), UserId(an_id()), UserId(an_id())


class Room:
    """One file of Ann's, and everything that decides who may see it."""

    def __init__(self, *, patience: float = 30.0, purpose: Purpose = Purpose.MESSAGE) -> None:
        self.media = a_media(owner_id=ANN, purpose=purpose)
        self.sent, self.news, self.groups = FakeSentFiles(), FakeNews(), FakeGroups()
        store = FakeMediaStore({self.media.media_id: self.media})
        self.get = GetMedia(media=store, sent=self.sent, news=self.news, groups=self.groups, patience=patience)

    def send_to(self, *chats: str) -> None:
        self.sent.known[self.media.media_id] = list(chats)

    async def seen_by(self, reader: UserId) -> Media:
        return await self.get(self.media.media_id, reader=reader)


async def test_the_owner_sees_it_before_it_was_sent() -> None:
    room = Room()

    assert await room.seen_by(ANN) == room.media


async def test_the_other_one_of_a_chat_sees_it_and_nobody_else() -> None:
    room = Room()
    room.send_to(a_direct_chat(ANN, BOB))

    assert await room.seen_by(BOB) == room.media
    with pytest.raises(ChatlyError) as refusal:
        await room.seen_by(EVE)
    assert refusal.value.reason == MediaReason.MEDIA_FORBIDDEN


async def test_members_of_a_group_see_it_and_nobody_else() -> None:
    room, group = Room(), an_id()
    room.groups.members[group] = {BOB}
    room.send_to(group)

    assert await room.seen_by(BOB) == room.media
    with pytest.raises(ChatlyError):
        await room.seen_by(EVE)


async def test_a_later_chat_counts_like_the_first() -> None:
    room = Room()
    room.send_to(a_direct_chat(ANN, BOB), a_direct_chat(ANN, EVE))

    assert await room.seen_by(EVE) == room.media


async def test_a_picture_of_a_user_is_seen_by_everybody() -> None:
    room = Room(purpose=Purpose.AVATAR)

    assert await room.seen_by(EVE) == room.media


async def test_a_file_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(ChatlyError) as refusal:
        await Room().get(MediaId(an_id()), reader=ANN)

    assert refusal.value.reason == MediaReason.MEDIA_NOT_FOUND


async def test_while_the_log_holds_news_a_refusal_waits_for_it() -> None:
    room = Room()
    room.news.behind = True
    asked = asyncio.create_task(room.seen_by(BOB))
    await room.news.asked.wait()

    room.send_to(a_direct_chat(ANN, BOB))
    room.news.arrived.set()

    assert await asked == room.media


async def test_news_that_says_nothing_of_the_file_ends_in_a_refusal() -> None:
    room = Room()
    room.news.behind = True
    asked = asyncio.create_task(room.seen_by(BOB))
    await room.news.asked.wait()

    room.news.behind = False
    room.news.arrived.set()

    with pytest.raises(ChatlyError) as refusal:
        await asked
    assert refusal.value.reason == MediaReason.MEDIA_FORBIDDEN


async def test_a_log_that_is_never_caught_up_with_does_not_hold_a_caller_for_ever() -> None:
    room = Room(patience=0.01)
    room.news.behind = True

    with pytest.raises(ChatlyError) as refusal:
        await room.seen_by(BOB)

    assert refusal.value.reason == MediaReason.MEDIA_FORBIDDEN
