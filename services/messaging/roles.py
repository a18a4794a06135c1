"""Rules for changing the roles of a group's members. Pure."""

from collections.abc import Collection, Mapping, Sequence

from history.model import Role
from kernel.ids import UserId
from services.messaging.errors import group_full, last_owner, role_too_low
from services.messaging.model import MAX_GROUP_MEMBERS, RoleChange

Roles = Mapping[UserId, Role]


def require_role(roles: Roles, actor: UserId, required: Role) -> None:
    """Raise ROLE_TOO_LOW unless the actor has at least this role."""
    if roles.get(actor, 0) < required:
        raise role_too_low(required)


def additions(roles: Roles, actor: UserId, user_ids: Collection[UserId], role: Role | None) -> Sequence[RoleChange]:
    """Return the changes that give users a role. If `role` is None, new users become MEMBER and members keep their
    role.

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
        require_role(roles, actor, _required_for(change))
    if len(roles) + sum(change.before is None for change in changes) > MAX_GROUP_MEMBERS:
        raise group_full(MAX_GROUP_MEMBERS)
    _require_owner(roles, changes)
    return changes


def removal(roles: Roles, actor: UserId, user_id: UserId) -> Sequence[RoleChange]:
    """Return the change that removes a member, or no change if the user is not a member.

    Members may remove themselves. Raise ROLE_TOO_LOW or LAST_OWNER.
    """
    if user_id != actor:
        require_role(roles, actor, Role.ADMIN)
    if user_id not in roles:
        return ()
    change = RoleChange(user_id, roles[user_id], None)
    if user_id != actor:
        require_role(roles, actor, _required_for(change))
    _require_owner(roles, [change])
    return [change]


def _required_for(change: RoleChange) -> Role:
    """Return the role that the actor needs: only owners may grant or revoke ADMIN and OWNER, admins may do the rest."""
    return Role.OWNER if max(change.before or 0, change.after or 0) > Role.MEMBER else Role.ADMIN


def _require_owner(roles: Roles, changes: Sequence[RoleChange]) -> None:
    """Raise LAST_OWNER if the changes leave the group with members but without an owner."""
    after = {**roles, **{change.user_id: change.after for change in changes}}
    remaining = {role for role in after.values() if role is not None}
    if remaining and Role.OWNER not in remaining:
        raise last_owner()
