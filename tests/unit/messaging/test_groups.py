"""Groups: created once, and changed only by members with the right role."""

import asyncio
from uuid import UUID, uuid4

from history.audience import members_of
from history.chat_id import ChatId
from history.codec import unpack
from history.model import GroupUpdated, HiddenRange, LogEvent, MemberSet, Role
from history.view import ChatOverview
from kernel.errors import KernelReason
from kernel.ids import UserId
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Details, Listing, MediaPurpose, NewGroup
from tests.builders import an_id
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import LOG_UNAVAILABLE, Harness, refused


def roles(chat: ChatOverview) -> dict[UserId, Role]:
    return dict(members_of(chat.state))


async def group_seen_by(harness: Harness, chat_id: ChatId, viewer: UserId) -> ChatOverview:
    return await harness.service.chats.get(ChatRef(chat_id), viewer=viewer)


async def test_a_creator_owns_the_new_group_and_every_member_receives_it(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid = harness.users(3)
    listener = await harness.subscribe(*(f"user:{user}" for user in (ann, bob, cid)))

    made = await harness.a_group(ann, bob, cid, title="Friends")
    await maybe_persist()

    assert roles(made) == {ann: Role.OWNER, bob: Role.MEMBER, cid: Role.MEMBER}
    assert {published.channel for published in await listener.received()} == {
        f"user:{user}" for user in (ann, bob, cid)
    }
    seen = await group_seen_by(harness, made.state.chat_id, bob)
    assert (roles(seen), seen.state.title) == (roles(made), made.state.title)


async def test_a_retry_creates_no_second_group(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))
    first = await harness.service.create_group(group, creator=ann)
    await harness.service.groups.update(first.state.chat_id, Details(title="Renamed"), user_id=ann)
    await maybe_persist()

    again = await harness.service.create_group(group, creator=ann)

    assert again.state.chat_id == first.state.chat_id
    assert again.state.title is not None
    assert again.state.title.value == "Renamed"


async def test_concurrent_creations_publish_one_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))

    await asyncio.gather(*(harness.service.create_group(group, creator=ann) for _ in range(3)))

    assert len(harness.events()) == 1


async def test_a_creation_with_an_unknown_result_is_retried_as_the_same_event(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Once", member_ids=(bob,))
    harness.log.unavailable = LOG_UNAVAILABLE
    with refused(KernelReason.LOG_UNAVAILABLE):
        await harness.service.create_group(group, creator=ann)
    harness.log.unavailable = None

    made = await harness.service.create_group(group, creator=ann)

    claimed = await harness.dependencies.claims.claim(ann, UUID(made.state.chat_id), uuid4())
    assert [event.event_id for event in harness.events()] == [claimed.message_id]


async def test_two_creators_may_use_the_same_client_group_id(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Mine")

    made = [await harness.service.create_group(group, creator=creator) for creator in (ann, bob)]

    assert made[0].state.chat_id != made[1].state.chat_id


async def test_a_retry_by_a_creator_who_left_is_refused(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = NewGroup(client_group_id=uuid4(), title="Left", member_ids=(bob,))
    chat_id = (await harness.service.create_group(group, creator=ann)).state.chat_id
    await harness.service.groups.add_members(chat_id, [bob], Role.OWNER, actor=ann)
    await harness.service.groups.leave(chat_id, user_id=ann)

    with refused(MessagingReason.NOT_A_MEMBER):
        await harness.service.create_group(group, creator=ann)


async def test_unknown_and_blocking_users_cannot_be_added(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    harness.block(bob, ann)

    with refused(MessagingReason.BLOCKED):
        await harness.a_group(ann, bob)
    with refused(MessagingReason.USER_NOT_FOUND):
        await harness.a_group(ann, UserId(an_id()))
    group = (await harness.a_group(ann, cid)).state.chat_id
    with refused(MessagingReason.BLOCKED):
        await harness.service.groups.add_members(group, [bob], None, actor=ann)
    with refused(MessagingReason.USER_NOT_FOUND):
        await harness.service.groups.add_members(group, [UserId(an_id())], None, actor=ann)


async def test_a_blank_title_is_refused(harness: Harness) -> None:
    ann = harness.a_user()
    group = (await harness.a_group(ann)).state.chat_id

    with refused(KernelReason.INVALID_FIELD):
        await harness.a_group(ann, title=" ")
    with refused(KernelReason.INVALID_FIELD):
        await harness.service.groups.update(group, Details(title=""), user_id=ann)


async def test_a_picture_must_be_an_avatar_that_the_user_uploaded(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    avatar = harness.media.a_file(ann, MediaPurpose.AVATAR)

    updated = await harness.service.groups.update(group, Details(avatar_media_id=avatar), user_id=ann)

    assert updated.state.avatar_media_id is not None
    assert updated.state.avatar_media_id.value == avatar
    for wrong, reason in (
        (harness.media.a_file(ann), KernelReason.INVALID_FIELD),
        (harness.media.a_file(bob, MediaPurpose.AVATAR), MessagingReason.MEDIA_FORBIDDEN),
        (an_id(), MediaReason.MEDIA_NOT_FOUND),
    ):
        with refused(reason):
            await harness.service.groups.update(group, Details(avatar_media_id=wrong), user_id=ann)


async def test_admins_can_change_details_and_only_new_values_are_published(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    with refused(MessagingReason.ROLE_TOO_LOW):
        await harness.service.groups.update(group, Details(title="Mine"), user_id=bob)
    await harness.service.groups.add_members(group, [bob], Role.ADMIN, actor=ann)
    await maybe_persist()

    updated = await harness.service.groups.update(group, Details(title="Ours", description=""), user_id=bob)
    await harness.service.groups.update(group, Details(title="Ours"), user_id=bob)
    await maybe_persist()

    changes = [event.change for event in harness.events() if isinstance(event.change, GroupUpdated)]
    assert changes == [GroupUpdated(title="Ours")]
    assert (await group_seen_by(harness, group, ann)).state.title == updated.state.title


async def test_each_changed_member_is_published_as_one_event(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid, dan = harness.users(4)
    group = (await harness.a_group(ann, bob)).state.chat_id
    await maybe_persist()

    after = await harness.service.groups.add_members(group, [bob, cid, dan], None, actor=ann)
    await maybe_persist()

    assert roles(after) == {ann: Role.OWNER, bob: Role.MEMBER, cid: Role.MEMBER, dan: Role.MEMBER}
    sets = [event for event in harness.events() if isinstance(event.change, MemberSet)]
    assert [(event.change, event.audience) for event in sets] == [
        (MemberSet(user, Role.MEMBER), (user,)) for user in (cid, dan)
    ]


async def test_a_new_member_can_read_the_whole_history(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    sent = await harness.send(ann, group, "before bob joined")
    await harness.service.groups.add_members(group, [bob], None, actor=ann)
    await maybe_persist()

    page = await harness.service.list_messages(Listing(chat=ChatRef(group)), viewer=bob)

    assert [message.message_id for message in page.items] == [sent.message_id]


async def test_a_removed_member_receives_that_event_and_loses_access(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    sent = await harness.send(bob, group)
    await maybe_persist()
    listener = await harness.subscribe(f"user:{bob}")

    after = await harness.service.groups.remove_member(group, bob, actor=ann)
    await maybe_persist()

    assert roles(after) == {ann: Role.OWNER}
    (published,) = [unpack(message.payload) for message in await listener.received()]
    assert isinstance(published, LogEvent)
    assert published.event.change == MemberSet(bob, None, hidden=(HiddenRange(sent.message_id, None),))
    chat = ChatRef(group)
    for attempt in (
        harness.send(bob, group),
        harness.service.edit_message(chat, sent.message_id, "x", editor=bob),
        harness.service.delete_message(chat, sent.message_id, for_everyone=True, user_id=bob),
        harness.service.messages.get(chat, sent.message_id, viewer=bob),
        harness.service.list_messages(Listing(chat=chat), viewer=bob),
        harness.service.toggle_reaction(chat, sent.message_id, "👍", user_id=bob),
        harness.service.messages.reactions(chat, sent.message_id, viewer=bob),
        harness.service.chats.get(chat, viewer=bob),
        harness.service.mark_read(chat, sent.message_id, reader=bob),
        harness.service.set_typing(chat, active=True, user_id=bob),
        harness.service.groups.update(group, Details(title="x"), user_id=bob),
        harness.service.groups.add_members(group, [bob], None, actor=bob),
        harness.service.groups.remove_member(group, ann, actor=bob),
        harness.service.groups.leave(group, user_id=bob),
    ):
        with refused(MessagingReason.NOT_A_MEMBER):
            await attempt
    assert (await harness.service.chats.list(viewer=bob)).items == []


async def test_removing_a_user_who_is_not_a_member_publishes_nothing(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id

    await harness.service.groups.remove_member(group, bob, actor=ann)

    assert len(harness.events()) == 1


async def test_a_member_who_left_can_be_added_again(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    await harness.service.groups.leave(group, user_id=bob)
    await maybe_persist()

    await harness.service.groups.add_members(group, [bob], None, actor=ann)

    assert (await harness.send(bob, group)).chat_id == group


async def test_the_last_member_may_leave(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    with refused(MessagingReason.LAST_OWNER):
        await harness.service.groups.leave(group, user_id=ann)
    await harness.service.groups.leave(group, user_id=bob)

    await harness.service.groups.leave(group, user_id=ann)

    assert (await harness.service.chats.list(viewer=ann)).items == []


async def test_of_two_owners_who_leave_at_once_one_must_stay(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    await harness.service.groups.add_members(group, [bob], Role.OWNER, actor=ann)

    outcomes = await asyncio.gather(
        *(harness.service.groups.leave(group, user_id=user) for user in (ann, bob)), return_exceptions=True
    )

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert Role.OWNER in roles(await group_seen_by(harness, group, cid)).values()


async def test_a_direct_chat_is_not_a_group(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat_id = (await harness.send(ann, bob)).chat_id

    with refused(MessagingReason.NOT_A_GROUP):
        await harness.service.groups.leave(chat_id, user_id=ann)
