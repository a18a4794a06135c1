"""The rules for roles, as properties of all groups and changes."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from history.model import Role
from kernel.errors import ChatlyError
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import MAX_GROUP_MEMBERS
from services.messaging.roles import Roles, additions, removal
from tests.unit.messaging.harness import refused

USERS = [UserId(name) for name in "abcdef"]
users = st.sampled_from(USERS)
roles = st.sampled_from(Role)


@st.composite
def groups(draw: st.DrawFn) -> Roles:
    """Return groups with an owner, as all groups are."""
    return {**draw(st.dictionaries(users, roles, max_size=5)), draw(users): Role.OWNER}


def applied(before: Roles, actor: UserId, given_users: list[UserId], role: Role | None) -> Roles:
    after = dict(before)
    with suppress(ChatlyError):
        for change in additions(before, actor, given_users, role):
            assert change.after is not None
            after[change.user_id] = change.after
    return after


@given(groups(), users, st.lists(users, min_size=1, unique=True), st.none() | roles)
def test_a_group_keeps_an_owner_after_any_change_of_roles(
    group: Roles, actor: UserId, others: list[UserId], role: Role | None
) -> None:
    assert Role.OWNER in applied(group, actor, others, role).values()


@given(groups(), users, st.lists(users, min_size=1, unique=True), st.none() | roles)
def test_only_owners_can_change_admins_and_owners(
    group: Roles, actor: UserId, others: list[UserId], role: Role | None
) -> None:
    after = applied(group, actor, others, role)

    if group.get(actor) is not Role.OWNER:
        assert {user: one for user, one in group.items() if one > Role.MEMBER} == {
            user: one for user, one in after.items() if one > Role.MEMBER
        }


@given(groups(), users, st.lists(users, min_size=1, unique=True))
def test_members_keep_their_role_when_none_is_given(group: Roles, actor: UserId, others: list[UserId]) -> None:
    after = applied(group, actor, others, None)

    assert {user: after[user] for user in group} == dict(group)
    assert all(after[user] is Role.MEMBER for user in after.keys() - group.keys())


@given(groups(), users, users)
def test_users_below_admin_can_remove_only_themselves(group: Roles, actor: UserId, other: UserId) -> None:
    if group.get(actor, 0) < Role.ADMIN and other != actor:
        with refused(MessagingReason.ROLE_TOO_LOW):
            removal(group, actor, other)


@given(groups(), users, users)
def test_a_removal_leaves_an_owner_or_an_empty_group(group: Roles, actor: UserId, other: UserId) -> None:
    after = dict(group)
    with suppress(ChatlyError):
        for change in removal(group, actor, other):
            del after[change.user_id]

    assert not after or Role.OWNER in after.values()


def test_an_admin_cannot_remove_an_admin() -> None:
    group = {USERS[0]: Role.OWNER, USERS[1]: Role.ADMIN, USERS[2]: Role.ADMIN, USERS[3]: Role.MEMBER}

    with refused(MessagingReason.ROLE_TOO_LOW):
        removal(group, USERS[1], USERS[2])
    assert [change.user_id for change in removal(group, USERS[1], USERS[3])] == [USERS[3]]


def test_an_owner_can_remove_another_owner() -> None:
    group = {USERS[0]: Role.OWNER, USERS[1]: Role.OWNER}

    assert [change.user_id for change in removal(group, USERS[0], USERS[1])] == [USERS[1]]


def test_the_last_owner_cannot_leave_or_step_down_while_others_are_members() -> None:
    group = {USERS[0]: Role.OWNER, USERS[1]: Role.ADMIN}

    with refused(MessagingReason.LAST_OWNER):
        removal(group, USERS[0], USERS[0])
    with refused(MessagingReason.LAST_OWNER):
        additions(group, USERS[0], [USERS[0]], Role.MEMBER)
    assert removal({USERS[0]: Role.OWNER}, USERS[0], USERS[0])


def test_a_full_group_refuses_new_members_but_not_new_roles() -> None:
    group = {UserId(str(number)): Role.MEMBER for number in range(MAX_GROUP_MEMBERS - 1)} | {USERS[0]: Role.OWNER}

    with refused(MessagingReason.GROUP_FULL):
        additions(group, USERS[0], [USERS[1]], None)
    assert len(additions(group, USERS[0], [UserId("1")], Role.ADMIN)) == 1
