import asyncio

from history.model import Message, ReadMarkMoved
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig, between, refused


async def conversation(rig: Rig, count: int) -> tuple[UserId, UserId, list[Message]]:
    """`count` messages from the first to the second."""
    ann, bob = rig.users(2)
    return ann, bob, [await rig.say(ann, bob, str(number)) for number in range(count)]


def marks(rig: Rig) -> int:
    return sum(isinstance(event.change, ReadMarkMoved) for event in rig.events())


async def test_reading_up_to_a_message_leaves_those_after_it_unread(rig: Rig, kept: Kept) -> None:
    ann, bob, messages = await conversation(rig, 5)
    await kept()

    read = await rig.use.mark_read(between(ann, bob), messages[1].message_id, reader=bob)
    await kept()

    assert (read.message_id, read.unread_count) == (messages[1].message_id, 3)
    (chat,) = (await rig.use.list_chats(viewer=bob)).items
    assert chat.unread_count == 3
    assert chat.state.read_marks[bob] == messages[1].message_id


async def test_a_mark_never_goes_back(rig: Rig, kept: Kept) -> None:
    ann, bob, messages = await conversation(rig, 3)
    await rig.use.mark_read(between(ann, bob), messages[2].message_id, reader=bob)
    await kept()

    read = await rig.use.mark_read(between(ann, bob), messages[0].message_id, reader=bob)

    assert (read.message_id, read.unread_count) == (messages[2].message_id, 0)
    assert marks(rig) == 1


async def test_the_same_mark_at_once_is_one_event(rig: Rig) -> None:
    ann, bob, messages = await conversation(rig, 1)

    await asyncio.gather(*(rig.use.mark_read(between(ann, bob), messages[0].message_id, reader=bob) for _ in range(4)))

    assert marks(rig) == 1


async def test_ones_own_messages_are_read_by_being_sent(rig: Rig, kept: Kept) -> None:
    ann, bob, messages = await conversation(rig, 2)
    await kept()

    read = await rig.use.mark_read(between(ann, bob), messages[1].message_id, reader=ann)

    assert (read.unread_count, marks(rig)) == (0, 0)


async def test_what_was_deleted_is_not_unread(rig: Rig, kept: Kept) -> None:
    ann, bob, messages = await conversation(rig, 3)
    chat = between(ann, bob)
    await rig.use.mark_read(chat, messages[0].message_id, reader=bob)
    await rig.use.delete_message(chat, messages[1].message_id, for_everyone=True, user_id=ann)
    await rig.use.delete_message(chat, messages[2].message_id, for_everyone=False, user_id=bob)
    await kept()

    assert (await rig.use.get_chat(chat, viewer=bob)).unread_count == 0


async def test_a_message_of_another_chat_cannot_be_marked(rig: Rig) -> None:
    ann, _, messages = await conversation(rig, 1)
    cid = rig.a_user()

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await rig.use.mark_read(between(ann, cid), messages[0].message_id, reader=ann)
