import asyncio

from history.chat_id import ChatId
from history.model import Message, ReadMarkMoved, Role
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Listing
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, between, refused


async def conversation(harness: Harness, count: int) -> tuple[UserId, UserId, list[Message]]:
    """Return two users, and `count` messages from the first to the second."""
    ann, bob = harness.users(2)
    return ann, bob, [await harness.send(ann, bob, str(number)) for number in range(count)]


def marks(harness: Harness) -> int:
    return sum(isinstance(event.change, ReadMarkMoved) for event in harness.events())


async def test_messages_after_the_mark_are_unread(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, messages = await conversation(harness, 5)
    await maybe_persist()

    read = await harness.service.mark_read(between(ann, bob), messages[1].message_id, reader=bob)
    await maybe_persist()

    assert (read.message_id, read.unread_count) == (messages[1].message_id, 3)
    (chat,) = (await harness.service.chats.list(viewer=bob)).items
    assert chat.unread_count == 3
    assert chat.state.read_marks[bob] == chat.unread_after == messages[1].message_id


async def test_a_mark_never_moves_back(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, messages = await conversation(harness, 3)
    await harness.service.mark_read(between(ann, bob), messages[2].message_id, reader=bob)
    await maybe_persist()

    read = await harness.service.mark_read(between(ann, bob), messages[0].message_id, reader=bob)

    assert (read.message_id, read.unread_count) == (messages[2].message_id, 0)
    assert marks(harness) == 1


async def test_concurrent_calls_with_the_same_mark_publish_one_event(harness: Harness) -> None:
    ann, bob, messages = await conversation(harness, 1)

    await asyncio.gather(
        *(harness.service.mark_read(between(ann, bob), messages[0].message_id, reader=bob) for _ in range(4))
    )

    assert marks(harness) == 1


async def test_sending_a_message_marks_it_read_for_its_sender(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, messages = await conversation(harness, 2)
    await maybe_persist()

    read = await harness.service.mark_read(between(ann, bob), messages[1].message_id, reader=ann)

    assert (read.unread_count, marks(harness)) == (0, 0)


async def test_deleted_messages_are_not_unread(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, messages = await conversation(harness, 3)
    chat = between(ann, bob)
    await harness.service.mark_read(chat, messages[0].message_id, reader=bob)
    await harness.service.delete_message(chat, messages[1].message_id, for_everyone=True, user_id=ann)
    await harness.service.delete_message(chat, messages[2].message_id, for_everyone=False, user_id=bob)
    await maybe_persist()

    assert (await harness.service.chats.get(chat, viewer=bob)).unread_count == 0


async def test_a_message_of_another_chat_cannot_be_marked(harness: Harness) -> None:
    ann, _, messages = await conversation(harness, 1)
    cid = harness.a_user()

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await harness.service.mark_read(between(ann, cid), messages[0].message_id, reader=ann)


async def unread(harness: Harness, group: ChatId, member: UserId) -> int:
    return (await harness.service.chats.get(ChatRef(group), viewer=member)).unread_count


async def test_a_new_members_unread_messages_begin_where_they_joined(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    for number in range(25):
        await harness.send(ann, group, str(number))
    await maybe_persist()
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    await maybe_persist()
    counts = [await unread(harness, group, bob)]

    newest = await harness.send(ann, group, "since then")
    await maybe_persist()
    counts.append(await unread(harness, group, bob))
    page = (await harness.service.list_messages(Listing(chat=ChatRef(group)), viewer=bob)).items
    read = await harness.service.mark_read(ChatRef(group), page[0].message_id, reader=bob)
    counts.append(read.unread_count)
    read = await harness.service.mark_read(ChatRef(group), newest.message_id, reader=bob)

    assert (counts, read.unread_count, len(page)) == ([0, 1, 1], 0, 26)


async def test_another_role_leaves_the_unread_messages_unread(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    await harness.send(ann, group, "before")
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    await harness.send(ann, group, "unread")
    await maybe_persist()
    for role in (Role.ADMIN, Role.MEMBER):
        await harness.service.groups.add_members(group, [bob], role, actor=ann)
        await maybe_persist()

    assert await unread(harness, group, bob) == 1


async def test_messages_of_a_time_without_membership_are_not_unread(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    await harness.send(ann, group, "unread when removed")
    await harness.service.groups.remove_member(group, bob, actor=ann)
    await harness.send(ann, group, "in between")
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    await harness.send(ann, group, "since then")
    await maybe_persist()

    assert await unread(harness, group, bob) == 1
