"""A group whose last owner deleted their account gets a new one."""

from history.audience import members_of
from history.chat_id import ChatId
from history.model import MemberSet, Role
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import ChatRef, Details
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import LOG_UNAVAILABLE, Harness, refused


async def roles(harness: Harness, group: ChatId) -> dict[UserId, Role]:
    state = await harness.history.chat(group)
    assert state is not None
    return dict(members_of(state))


async def a_group_of(harness: Harness, owner: UserId, *members: tuple[UserId, Role]) -> ChatId:
    """Return a group whose members joined in this order."""
    group = (await harness.a_group(owner)).state.chat_id
    for user_id, role in members:
        await harness.service.groups.add_members(group, [user_id], role, actor=owner)
    return group


async def test_the_oldest_admin_becomes_owner(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid, dan = harness.users(4)
    group = await a_group_of(harness, ann, (bob, Role.MEMBER), (dan, Role.MEMBER), (cid, Role.ADMIN))
    await harness.service.groups.add_members(group, [dan], Role.ADMIN, actor=ann)
    await maybe_persist()
    harness.delete_account(ann)

    chat = await harness.service.chats.get(ChatRef(group), viewer=bob)
    await maybe_persist()

    assert dict(members_of(chat.state)) == await roles(harness, group)
    assert (await roles(harness, group))[dan] is Role.OWNER  # Dan became admin later than Cid, but joined before.
    event = harness.events()[-1]
    assert isinstance(event.change, MemberSet)
    assert (event.change.user_id, event.change.role, event.actor_id, event.audience) == (dan, Role.OWNER, dan, ())


async def test_without_admins_the_oldest_existing_member_becomes_owner(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid, dan = harness.users(4)
    group = await a_group_of(harness, ann, (bob, Role.MEMBER), (cid, Role.MEMBER), (dan, Role.MEMBER))
    await maybe_persist()
    for user_id in (ann, bob):
        harness.delete_account(user_id)

    await harness.service.chats.list(viewer=dan)

    assert (await roles(harness, group))[cid] is Role.OWNER
    await harness.service.groups.update(group, Details(title="managed again"), user_id=cid)
    with refused(MessagingReason.ROLE_TOO_LOW):
        await harness.service.groups.update(group, Details(title="not by Dan"), user_id=dan)


async def test_a_change_by_the_heir_itself_repairs_the_group(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = await a_group_of(harness, ann, (bob, Role.MEMBER))
    harness.delete_account(ann)

    await harness.service.groups.update(group, Details(title="mine now"), user_id=bob)

    assert (await roles(harness, group))[bob] is Role.OWNER


async def test_a_group_with_another_owner_is_left_alone(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = await a_group_of(harness, ann, (bob, Role.OWNER), (cid, Role.ADMIN))
    harness.delete_account(ann)

    before = len(harness.events())

    await harness.service.chats.list(viewer=cid)

    assert len(harness.events()) == before
    assert (await roles(harness, group))[cid] is Role.ADMIN


async def test_a_member_may_leave_a_group_without_an_owner(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = await a_group_of(harness, ann, (bob, Role.MEMBER), (cid, Role.MEMBER))
    harness.delete_account(ann)

    await harness.service.groups.leave(group, user_id=bob)
    await harness.service.chats.list(viewer=cid)

    assert (await roles(harness, group))[cid] is Role.OWNER


async def test_a_repair_is_published_once_and_retried_after_an_outage(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = await a_group_of(harness, ann, (bob, Role.MEMBER))
    harness.delete_account(ann)
    harness.log.unavailable = LOG_UNAVAILABLE
    unchanged = (await harness.service.chats.get(ChatRef(group), viewer=bob)).state
    harness.log.unavailable = None
    before = len(harness.events())

    for _ in range(3):
        await harness.service.chats.list(viewer=bob)

    assert len(harness.events()) == before + 1
    assert members_of(unchanged)[bob] is Role.MEMBER
    assert members_of((await harness.service.chats.get(ChatRef(group), viewer=bob)).state)[bob] is Role.OWNER
