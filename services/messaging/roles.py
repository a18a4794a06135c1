"""Who may change whose place in a group. Pure."""

from collections.abc import Collection, Mapping, Sequence

from history.model import Role
from kernel.errors import denied, precondition
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import MAX_GROUP_MEMBERS, RoleChange

Roles = Mapping[UserId, Role]


def require_role(roles: Roles, actor: UserId, needed: Role) -> None:
    """Raise ROLE_TOO_LOW unless the actor has at least this role."""
    if roles.get(actor, 0) < needed:
        message = f"this takes the role {needed.name}"
        raise denied(MessagingReason.ROLE_TOO_LOW, message, required_role=needed.name)


def additions(roles: Roles, actor: UserId, user_ids: Collection[UserId], role: Role | None) -> Sequence[RoleChange]:
    """What giving users a role changes; `role` None: new ones become members, members stay as they are.

    Raise ROLE_TOO_LOW, GROUP_FULL or LAST_OWNER.
    """
    require_role(roles, actor, Role.ADMIN)
    wanted = {user_id: role or roles.get(user_id, Role.MEMBER) for user_id in user_ids}
    changes = [
        RoleChange(user_id, roles.get(user_id), after)
        for user_id, after in wanted.items()
        if roles.get(user_id) is not after
    ]
    for change in changes:
        require_role(roles, actor, _needed_for(change))
    _require_size(roles, changes)
    _require_owner(roles, changes)
    return changes


def removal(roles: Roles, actor: UserId, user_id: UserId) -> Sequence[RoleChange]:
    """What taking a user out changes, or their own leaving: nothing if they are not in it.

    Raise ROLE_TOO_LOW or LAST_OWNER.
    """
    if user_id != actor:
        require_role(roles, actor, Role.ADMIN)
    if user_id not in roles:
        return ()
    change = RoleChange(user_id, roles[user_id], None)
    if user_id != actor:
        require_role(roles, actor, _needed_for(change))
    _require_owner(roles, [change])
    return [change]


def _needed_for(change: RoleChange) -> Role:
    """Admins move members about; what has to do with other roles is for owners."""
    return Role.OWNER if max(change.before or 0, change.after or 0) > Role.MEMBER else Role.ADMIN


def _require_size(roles: Roles, changes: Sequence[RoleChange]) -> None:
    if len(roles) + sum(change.before is None for change in changes) > MAX_GROUP_MEMBERS:
        message = f"a group has at most {MAX_GROUP_MEMBERS} members"
        raise precondition(MessagingReason.GROUP_FULL, message, limit=str(MAX_GROUP_MEMBERS))


def _require_owner(roles: Roles, changes: Sequence[RoleChange]) -> None:
    """A group that has members keeps an owner."""
    after = {**roles, **{change.user_id: change.after for change in changes}}
    left = {role for role in after.values() if role is not None}
    if left and Role.OWNER not in left:
        raise precondition(MessagingReason.LAST_OWNER, "make somebody else owner first: a group always has one")
