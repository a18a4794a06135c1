"""Groups: made once, changed by those who may, left for good."""

import asyncio
from uuid import UUID, uuid4

from history.audience import members_of
from history.chat_id import ChatId
from history.codec import unpack
from history.model import GroupUpdated, MemberSet, Role, StoredEvent
from history.view import ChatOverview
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Details, Listing, MediaPurpose, NewGroup
from tests.builders import an_id
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import LOG_AWAY, Rig, refused


def roles(chat: ChatOverview) -> dict[UserId, Role]:
    return dict(members_of(chat.state))


async def group_seen_by(rig: Rig, chat_id: ChatId, viewer: UserId) -> ChatOverview:
    return await rig.use.get_chat(ChatRef(chat_id), viewer=viewer)


async def test_its_creator_owns_a_new_group_and_everybody_hears_of_it(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    listener = await rig.listen(*(f"user:{user}" for user in (ann, bob, cid)))

    made = await rig.a_group(ann, bob, cid, title="Friends")
    await kept()

    assert roles(made) == {ann: Role.OWNER, bob: Role.MEMBER, cid: Role.MEMBER}
    assert {news.channel for news in await listener.heard()} == {f"user:{user}" for user in (ann, bob, cid)}
    seen = await group_seen_by(rig, made.state.chat_id, bob)
    assert (roles(seen), seen.state.title) == (roles(made), made.state.title)


async def test_a_retry_makes_no_second_group(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))
    first = await rig.use.create_group(group, creator=ann)
    await rig.use.update_group(first.state.chat_id, Details(title="Renamed"), user_id=ann)
    await kept()

    again = await rig.use.create_group(group, creator=ann)

    assert again.state.chat_id == first.state.chat_id
    assert again.state.title is not None
    assert again.state.title.value == "Renamed"


async def test_two_creations_at_once_make_one_event(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))

    await asyncio.gather(*(rig.use.create_group(group, creator=ann) for _ in range(3)))

    assert len(rig.events()) == 1


async def test_a_creation_whose_outcome_is_unknown_is_repeated_as_the_same_event(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))
    rig.log.unavailable = LOG_AWAY
    with refused(KernelReason.LOG_UNAVAILABLE):
        await rig.use.create_group(group, creator=ann)
    rig.log.unavailable = None

    made = await rig.use.create_group(group, creator=ann)

    claimed = await rig.ground.claims.claim(ann, UUID(made.state.chat_id), uuid4())
    assert [event.event_id for event in rig.events()] == [claimed]


async def test_two_creators_may_use_the_same_name_for_their_groups(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Mine")

    made = [await rig.use.create_group(group, creator=creator) for creator in (ann, bob)]

    assert made[0].state.chat_id != made[1].state.chat_id


async def test_a_creator_who_left_gets_nothing_from_a_retry(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Left", member_ids=(bob,))
    chat_id = (await rig.use.create_group(group, creator=ann)).state.chat_id
    await rig.use.add_members(chat_id, [bob], Role.OWNER, actor=ann)
    await rig.use.leave_group(chat_id, user_id=ann)

    with refused(MessagingReason.NOT_A_MEMBER):
        await rig.use.create_group(group, creator=ann)


async def test_nobody_is_put_into_a_group_who_blocks_or_does_not_exist(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    rig.block(bob, ann)

    with refused(MessagingReason.BLOCKED):
        await rig.a_group(ann, bob)
    with refused(MessagingReason.USER_NOT_FOUND):
        await rig.a_group(ann, UserId(an_id()))
    group = (await rig.a_group(ann, cid)).state.chat_id
    with refused(MessagingReason.BLOCKED):
        await rig.use.add_members(group, [bob], None, actor=ann)
    with refused(MessagingReason.USER_NOT_FOUND):
        await rig.use.add_members(group, [UserId(an_id())], None, actor=ann)


async def test_a_blank_title_is_refused(rig: Rig) -> None:
    ann = rig.a_user()
    group = (await rig.a_group(ann)).state.chat_id

    with refused(KernelReason.INVALID_FIELD):
        await rig.a_group(ann, title=" ")
    with refused(KernelReason.INVALID_FIELD):
        await rig.use.update_group(group, Details(title=""), user_id=ann)


async def test_a_groups_picture_must_be_an_avatar_of_the_one_who_sets_it(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    avatar = rig.media.a_file(ann, MediaPurpose.AVATAR)

    updated = await rig.use.update_group(group, Details(avatar_media_id=avatar), user_id=ann)

    assert updated.state.avatar_media_id is not None
    assert updated.state.avatar_media_id.value == avatar
    for wrong, reason in (
        (rig.media.a_file(ann), KernelReason.INVALID_FIELD),
        (rig.media.a_file(bob, MediaPurpose.AVATAR), MessagingReason.MEDIA_FORBIDDEN),
        (an_id(), MediaReason.MEDIA_NOT_FOUND),
    ):
        with refused(reason):
            await rig.use.update_group(group, Details(avatar_media_id=wrong), user_id=ann)


async def test_admins_change_details_and_only_what_is_new_is_recorded(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    with refused(MessagingReason.ROLE_TOO_LOW):
        await rig.use.update_group(group, Details(title="Mine"), user_id=bob)
    await rig.use.add_members(group, [bob], Role.ADMIN, actor=ann)
    await kept()

    updated = await rig.use.update_group(group, Details(title="Ours", description=""), user_id=bob)
    await rig.use.update_group(group, Details(title="Ours"), user_id=bob)
    await kept()

    changes = [event.change for event in rig.events() if isinstance(event.change, GroupUpdated)]
    assert changes == [GroupUpdated(title="Ours")]
    assert (await group_seen_by(rig, group, ann)).state.title == updated.state.title


async def test_each_changed_member_is_one_event(rig: Rig, kept: Kept) -> None:
    ann, bob, cid, dan = rig.users(4)
    group = (await rig.a_group(ann, bob)).state.chat_id
    await kept()

    after = await rig.use.add_members(group, [bob, cid, dan], None, actor=ann)
    await kept()

    assert roles(after) == {ann: Role.OWNER, bob: Role.MEMBER, cid: Role.MEMBER, dan: Role.MEMBER}
    sets = [event for event in rig.events() if isinstance(event.change, MemberSet)]
    assert [(event.change, event.audience) for event in sets] == [
        (MemberSet(user, Role.MEMBER), (user,)) for user in (cid, dan)
    ]


async def test_a_new_member_sees_the_whole_history(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    sent = await rig.say(ann, group, "before you came")
    await rig.use.add_members(group, [bob], None, actor=ann)
    await kept()

    page = await rig.use.list_messages(Listing(chat=ChatRef(group)), viewer=bob)

    assert [message.message_id for message in page.items] == [sent.message_id]


async def test_a_removed_member_hears_of_it_and_then_gets_nothing(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    sent = await rig.say(bob, group)
    await kept()
    listener = await rig.listen(f"user:{bob}")

    after = await rig.use.remove_member(group, bob, actor=ann)
    await kept()

    assert roles(after) == {ann: Role.OWNER}
    (news,) = [unpack(message.payload) for message in await listener.heard()]
    assert isinstance(news, StoredEvent)
    assert news.event.change == MemberSet(bob, None)
    chat = ChatRef(group)
    for attempt in (
        rig.say(bob, group),
        rig.use.edit_message(chat, sent.message_id, "x", editor=bob),
        rig.use.delete_message(chat, sent.message_id, for_everyone=True, user_id=bob),
        rig.use.get_message(chat, sent.message_id, viewer=bob),
        rig.use.list_messages(Listing(chat=chat), viewer=bob),
        rig.use.toggle_reaction(chat, sent.message_id, "👍", user_id=bob),
        rig.use.list_reactions(chat, sent.message_id, viewer=bob),
        rig.use.get_chat(chat, viewer=bob),
        rig.use.mark_read(chat, sent.message_id, reader=bob),
        rig.use.set_typing(chat, active=True, user_id=bob),
        rig.use.update_group(group, Details(title="x"), user_id=bob),
        rig.use.add_members(group, [bob], None, actor=bob),
        rig.use.remove_member(group, ann, actor=bob),
        rig.use.leave_group(group, user_id=bob),
    ):
        with refused(MessagingReason.NOT_A_MEMBER):
            await attempt
    assert (await rig.use.list_chats(viewer=bob)).items == []


async def test_removing_one_who_is_not_there_changes_nothing(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id

    await rig.use.remove_member(group, bob, actor=ann)

    assert len(rig.events()) == 1


async def test_one_who_comes_back_is_a_member_again(rig: Rig, kept: Kept) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    await rig.use.leave_group(group, user_id=bob)
    await kept()

    await rig.use.add_members(group, [bob], None, actor=ann)

    assert (await rig.say(bob, group)).chat_id == group


async def test_the_last_one_out_may_leave(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    with refused(MessagingReason.LAST_OWNER):
        await rig.use.leave_group(group, user_id=ann)
    await rig.use.leave_group(group, user_id=bob)

    await rig.use.leave_group(group, user_id=ann)

    assert (await rig.use.list_chats(viewer=ann)).items == []


async def test_two_owners_who_leave_at_once_leave_one_behind(rig: Rig) -> None:
    ann, bob, cid = rig.users(3)
    group = (await rig.a_group(ann, bob, cid)).state.chat_id
    await rig.use.add_members(group, [bob], Role.OWNER, actor=ann)

    outcomes = await asyncio.gather(
        *(rig.use.leave_group(group, user_id=user) for user in (ann, bob)), return_exceptions=True
    )

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert Role.OWNER in roles(await group_seen_by(rig, group, cid)).values()


async def test_a_direct_chat_is_no_group(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat_id = (await rig.say(ann, bob)).chat_id

    with refused(MessagingReason.NOT_A_GROUP):
        await rig.use.leave_group(chat_id, user_id=ann)
