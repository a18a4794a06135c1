"""Access to files."""

import asyncio
from datetime import timedelta

import pytest

from kernel.errors import ChatlyError
from kernel.ids import HybridClock, UserId
from services.media.errors import MediaReason
from services.media.get_media import GetMedia
from services.media.model import Media, MediaId, MessageKey, Purpose
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.unit.media.builders import a_direct_chat, a_media
from tests.unit.media.harness import FakeGroups, FakeLogProgress, FakeMediaStore, FakeSentFiles

ANN, BOB, EVE = UserId(an_id()), UserId(an_id()), UserId(an_id())

WEEK = timedelta(days=7)


class SharedFile:
    """A file of Ann with fakes for everything that decides who may see it."""

    def __init__(self, *, max_wait: float = 30.0, purpose: Purpose = Purpose.MESSAGE) -> None:
        self.media = a_media(owner_id=ANN, purpose=purpose)
        self.clock = FakeClock()
        self._ids = HybridClock(clock=self.clock)
        self.sent, self.log, self.groups = FakeSentFiles(), FakeLogProgress(), FakeGroups()
        store = FakeMediaStore({self.media.media_id: self.media})
        self.get = GetMedia(
            media=store,
            sent=self.sent,
            log=self.log,
            groups=self.groups,
            clock=self.clock,
            unsent_lifetime=WEEK,
            max_wait=max_wait,
        )

    def send_to(self, *chats: str) -> list[str]:
        """Return the ids of the messages, oldest first."""
        messages = [MessageKey(chat_id, str(self._ids.next())) for chat_id in chats]
        self.sent.known[self.media.media_id] = messages
        return [each.message_id for each in messages]

    async def seen_by(self, reader: UserId) -> Media:
        return await self.get(self.media.media_id, reader=reader)


async def test_the_owner_sees_a_file_before_it_is_sent() -> None:
    file = SharedFile()

    assert await file.seen_by(ANN) == file.media


async def test_the_other_member_of_a_direct_chat_sees_it_and_strangers_do_not() -> None:
    file = SharedFile()
    file.send_to(a_direct_chat(ANN, BOB))

    assert await file.seen_by(BOB) == file.media
    with pytest.raises(ChatlyError) as rejected:
        await file.seen_by(EVE)
    assert rejected.value.reason == MediaReason.MEDIA_FORBIDDEN


async def test_those_who_see_its_message_in_a_group_see_it_and_others_do_not() -> None:
    file, group = SharedFile(), an_id()
    (message,) = file.send_to(group)
    file.groups.visible[BOB] = {message}

    assert await file.seen_by(BOB) == file.media
    with pytest.raises(ChatlyError):
        await file.seen_by(EVE)


async def test_it_is_looked_for_in_the_newest_messages_of_a_group() -> None:
    file, group = SharedFile(), an_id()
    messages = file.send_to(*[group] * 60)
    file.groups.visible[BOB] = {messages[20]}

    assert await file.seen_by(BOB) == file.media
    assert file.groups.calls == [messages[:9:-1]]


async def test_members_of_every_chat_it_was_sent_to_see_it() -> None:
    file = SharedFile()
    file.send_to(a_direct_chat(ANN, BOB), a_direct_chat(ANN, EVE))

    assert await file.seen_by(EVE) == file.media


async def test_an_avatar_is_visible_to_everyone() -> None:
    file = SharedFile(purpose=Purpose.AVATAR)

    assert await file.seen_by(EVE) == file.media


async def test_a_file_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(ChatlyError) as rejected:
        await SharedFile().get(MediaId(an_id()), reader=ANN)

    assert rejected.value.reason == MediaReason.MEDIA_NOT_FOUND


async def test_the_owner_can_send_an_unsent_file_until_its_lifetime_ends() -> None:
    file = SharedFile()
    file.clock.advance(WEEK.total_seconds() - 1)
    assert await file.seen_by(ANN) == file.media

    file.clock.advance(1)

    with pytest.raises(ChatlyError) as rejected:
        await file.seen_by(ANN)
    assert rejected.value.reason == MediaReason.MEDIA_NOT_FOUND


async def test_the_owner_always_sees_a_file_that_was_sent() -> None:
    file = SharedFile()
    file.send_to(an_id())
    file.clock.advance(100 * WEEK.total_seconds())

    assert await file.seen_by(ANN) == file.media


async def test_an_old_file_of_the_owner_waits_for_the_record_of_its_message() -> None:
    file = SharedFile()
    file.clock.advance(WEEK.total_seconds())
    file.log.behind = True
    read = asyncio.create_task(file.seen_by(ANN))
    await file.log.checked.wait()

    file.send_to(an_id())
    file.log.applied.set()

    assert await read == file.media


async def test_a_refusal_waits_for_unread_records() -> None:
    file = SharedFile()
    file.log.behind = True
    read = asyncio.create_task(file.seen_by(BOB))
    await file.log.checked.wait()

    file.send_to(a_direct_chat(ANN, BOB))
    file.log.applied.set()

    assert await read == file.media


async def test_unrelated_records_end_in_a_refusal() -> None:
    file = SharedFile()
    file.log.behind = True
    read = asyncio.create_task(file.seen_by(BOB))
    await file.log.checked.wait()

    file.log.behind = False
    file.log.applied.set()

    with pytest.raises(ChatlyError) as rejected:
        await read
    assert rejected.value.reason == MediaReason.MEDIA_FORBIDDEN


async def test_a_refusal_waits_no_longer_than_the_maximum() -> None:
    file = SharedFile(max_wait=0.01)
    file.log.behind = True

    with pytest.raises(ChatlyError) as rejected:
        await file.seen_by(BOB)

    assert rejected.value.reason == MediaReason.MEDIA_FORBIDDEN
