"""Messages that are hidden from a member cannot be reached by any call, and the setting is changed by admins alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from history.audience import members_of
from history.chat_id import ChatId
from history.model import HistoryVisibility, Message, Role
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Details, Listing, NewGroup, Search
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness, refused

JOINED = HistoryVisibility.JOINED


@dataclass
class Group:
    """A group of Ann with the setting JOINED. Bob was removed and added again, and Cid is new."""

    chat_id: ChatId
    ann: UserId
    bob: UserId
    cid: UserId
    first: Message
    """Sent while Bob was a member."""
    between: Message
    """Sent while Bob was no member. It has a file."""
    last: Message
    """Sent after Bob and Cid joined. A reply to `between`."""

    @property
    def ref(self) -> ChatRef:
        return ChatRef(self.chat_id)


@pytest.fixture
async def group(harness: Harness, maybe_persist: MaybePersist) -> Group:
    ann, bob, cid = harness.users(3)
    new = NewGroup(client_group_id=uuid4(), title="Team", member_ids=(bob,), history_visibility=JOINED)
    chat_id = (await harness.service.create_group(new, creator=ann)).state.chat_id
    first = await harness.send(ann, chat_id, "word first")
    await harness.service.groups.remove_member(chat_id, bob, actor=ann)
    await maybe_persist()
    between = await harness.send(ann, chat_id, "word between", media_ids=(harness.media.a_file(ann),))
    await harness.service.mark_read(ChatRef(chat_id), between.message_id, reader=ann)
    await harness.service.groups.add_members(chat_id, [bob, cid], None, actor=ann)
    await maybe_persist()
    last = await harness.send(ann, chat_id, "word last", reply_to=between.message_id)
    await maybe_persist()
    return Group(chat_id, ann, bob, cid, first, between, last)


async def listed(harness: Harness, group: Group, viewer: UserId, **changes: object) -> list[str]:
    listing = Listing(chat=group.ref, **changes)  # type: ignore[arg-type]
    return [message.text for message in (await harness.service.list_messages(listing, viewer=viewer)).items]


@pytest.mark.parametrize("forward", [False, True])
async def test_pages_leave_out_hidden_messages(harness: Harness, group: Group, *, forward: bool) -> None:
    assert await listed(harness, group, group.bob, forward=forward) == ["word first", "word last"]
    assert await listed(harness, group, group.cid, forward=forward) == ["word last"]
    assert len(await listed(harness, group, group.ann, forward=forward)) == 3


@pytest.mark.parametrize("forward", [False, True])
async def test_pages_around_a_hidden_message_leave_it_out(harness: Harness, group: Group, *, forward: bool) -> None:
    found = await listed(harness, group, group.bob, forward=forward, start=group.between.message_id)

    assert found == (["word last"] if forward else ["word first"])


@pytest.mark.parametrize("in_chat", [False, True])
async def test_a_search_does_not_find_hidden_messages(harness: Harness, group: Group, *, in_chat: bool) -> None:
    search = Search(query="word", chat_id=group.chat_id if in_chat else "")

    found = await harness.service.search_messages(search, viewer=group.bob)

    assert [message.text for message in found.items] == ["word last", "word first"]


Call = Callable[[Harness, Group], Awaitable[object]]
CALLS: dict[str, Call] = {
    "get": lambda harness, group: harness.service.messages.get(group.ref, group.between.message_id, viewer=group.bob),
    "list reactions": lambda harness, group: harness.service.messages.reactions(
        group.ref, group.between.message_id, viewer=group.bob
    ),
    "react": lambda harness, group: harness.service.toggle_reaction(
        group.ref, group.between.message_id, "👍", user_id=group.bob
    ),
    "reply": lambda harness, group: harness.send(group.bob, group.chat_id, "?", reply_to=group.between.message_id),
    "mark read": lambda harness, group: harness.service.mark_read(
        group.ref, group.between.message_id, reader=group.bob
    ),
    "edit": lambda harness, group: harness.service.edit_message(
        group.ref, group.between.message_id, "mine", editor=group.bob
    ),
    "delete for me": lambda harness, group: harness.service.delete_message(
        group.ref, group.between.message_id, for_everyone=False, user_id=group.bob
    ),
    "delete for everyone": lambda harness, group: harness.service.delete_message(
        group.ref, group.between.message_id, for_everyone=True, user_id=group.bob
    ),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_about_a_hidden_message_fails_as_if_it_did_not_exist(
    harness: Harness, group: Group, call: str
) -> None:
    before = len(harness.events())

    with refused(MessagingReason.MESSAGE_NOT_FOUND):
        await CALLS[call](harness, group)

    assert len(harness.events()) == before


async def test_a_chat_shows_and_counts_no_hidden_message(harness: Harness, group: Group) -> None:
    for viewer in (group.bob, group.cid):
        chat = await harness.service.chats.get(group.ref, viewer=viewer)
        assert chat.unread_count == 1
        assert [each.through for each in chat.hidden] == [group.between.message_id]
    await harness.service.delete_message(group.ref, group.last.message_id, for_everyone=False, user_id=group.cid)

    (overview,) = (await harness.service.chats.list(viewer=group.cid)).items

    assert overview.last_message is None


async def test_the_whole_history_is_shown_again_by_the_setting(harness: Harness, group: Group) -> None:
    await harness.service.groups.update(
        group.chat_id, Details(history_visibility=HistoryVisibility.SHARED), user_id=group.ann
    )
    assert len(await listed(harness, group, group.bob)) == 2
    await harness.service.groups.remove_member(group.chat_id, group.bob, actor=group.ann)

    await harness.service.groups.add_members(group.chat_id, [group.bob], None, actor=group.ann)

    assert len(await listed(harness, group, group.bob)) == 3


async def test_a_new_role_shows_nothing_more(harness: Harness, group: Group) -> None:
    await harness.service.groups.add_members(group.chat_id, [group.cid], Role.OWNER, actor=group.ann)

    assert await listed(harness, group, group.cid) == ["word last"]


async def test_a_member_who_becomes_owner_of_an_ownerless_group_sees_nothing_more(
    harness: Harness, group: Group
) -> None:
    await harness.service.groups.remove_member(group.chat_id, group.bob, actor=group.ann)
    harness.delete_account(group.ann)

    chat = await harness.service.chats.get(group.ref, viewer=group.cid)

    assert members_of(chat.state)[group.cid] is Role.OWNER
    assert await listed(harness, group, group.cid) == ["word last"]


async def test_only_admins_change_the_setting(harness: Harness, group: Group) -> None:
    with refused(MessagingReason.ROLE_TOO_LOW):
        await harness.service.groups.update(
            group.chat_id, Details(history_visibility=HistoryVisibility.SHARED), user_id=group.bob
        )


async def test_the_same_setting_again_publishes_nothing(harness: Harness, group: Group) -> None:
    before = len(harness.events())

    await harness.service.groups.update(group.chat_id, Details(history_visibility=JOINED), user_id=group.ann)

    assert len(harness.events()) == before


async def test_messages_that_are_sent_after_a_member_joined_are_never_hidden(harness: Harness, group: Group) -> None:
    """Also if the clock of the sender's node is behind the clock of the node that added the member."""
    slow = type(harness.clock)(harness.clock.now())
    harness.clock.advance(40)
    dan = harness.a_user()
    await harness.service.groups.add_members(group.chat_id, [dan], None, actor=group.ann)
    other = harness.another_node(clock=slow)

    await other.servicer.send_message(harness.draft(group.chat_id, "from a slow node"), sender=group.ann)

    assert await listed(harness, group, dan) == ["from a slow node"]
