"""A user's chats and contacts."""

import asyncio
from collections.abc import Collection, Sequence

from history.audience import members_of, role_in
from history.model import ChatState, Role
from history.view import ChatOverview, History
from kernel.ids import UserId, ticks_of
from kernel.paging import PageTokens
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.chat_states import ChatStates
from services.messaging.model import MAX_CONTACTS, ChatRef, Page
from services.messaging.ownership import GroupOwnership
from services.messaging.ports import UserDirectory

_CALL = "ListChats"
_DEFAULT_SIZE = 50
_TICK_BYTES = 8
# Each member takes about 80 bytes of a response, and clients accept responses of 4 MiB by default.
_MOST_MEMBERS = 10_000


class Chats:
    def __init__(
        self,
        *,
        authorizer: ChatAuthorizer,
        history: History,
        states: ChatStates,
        directory: UserDirectory,
        ownership: GroupOwnership,
    ) -> None:
        self._authorizer = authorizer
        self._ownership = ownership
        self._history = history
        self._states = states
        self._directory = directory

    async def get(self, chat: ChatRef, *, viewer: UserId) -> ChatOverview:
        """Return a chat as the viewer sees it. A 1:1 chat can be requested before its first message.

        Errors: NOT_A_MEMBER, USER_NOT_FOUND, NOT_WITH_ONESELF.
        """
        access = await self._authorizer.to_read(chat, viewer)
        return await self._history.overview(await self._ownership.ensure(access.state), viewer)

    async def list(self, *, viewer: UserId, page_size: int = 0, page_token: str = "") -> Page[ChatOverview]:
        """Return one page of the viewer's chats, latest activity first. Errors: INVALID_PAGE_TOKEN.

        `page_size` 0 means 50. A page whose groups have very many members is shorter, so that it fits into one
        response. The token contains the sort key of the page's last chat. A chat that becomes active between two pages
        is never listed twice, but may be left out. Other chats are never left out.
        """
        after = PageTokens.decode(_CALL, viewer, page_token) if page_token else None
        keys = {chat.chat_id: self._sort_key(chat, viewer) for chat in await self._history.outlines_of(viewer)}
        remaining = sorted(
            ((key, chat_id) for chat_id, key in keys.items() if after is None or key < after), reverse=True
        )
        ids = [chat_id for _, chat_id in remaining[: page_size or _DEFAULT_SIZE]]
        states = await self._history.chats(ids)
        # The viewer may have left a group since its outline was read.
        joined = [state for chat_id in ids if (state := states.get(chat_id)) and role_in(state, viewer)]
        shown = await self._ownership.ensure_all(_within_member_limit(joined))
        page = await asyncio.gather(*(self._history.overview(state, viewer) for state in shown))
        if len(shown) < len(joined):
            return Page(page, PageTokens.encode(_CALL, viewer, keys[shown[-1].chat_id]))
        if len(ids) < len(remaining):
            return Page(page, PageTokens.encode(_CALL, viewer, keys[ids[-1]]))
        return Page(page)

    async def contacts(self, user_id: UserId) -> Sequence[UserId]:
        """Return the users whose presence this user may see, sorted by id, at most 5,000.

        They share a chat with this user, and have written in it or created it: nobody becomes visible by being added to
        a group or by receiving a message. Deleted users are left out, and so are users who have blocked this user or
        are blocked by this user. The members of groups come from the node's cache, so that a large group is not read
        again for each of its members.
        """
        outlines = await self._history.outlines_of(user_id)
        visible = await asyncio.gather(*map(self._visible_members, outlines))
        sharing = {member for of_chat in visible for member in of_chat} - {user_id}
        blocks = await self._directory.blocks({user_id, *sharing})
        blocked = blocks.get(user_id, frozenset())
        contacts = [other for other in sharing & blocks.keys() if other not in blocked and user_id not in blocks[other]]
        return sorted(contacts)[:MAX_CONTACTS]

    def _sort_key(self, chat: ChatState, viewer: UserId) -> bytes:
        return ticks_of(self._history.last_activity(chat, viewer)).to_bytes(_TICK_BYTES, "big") + chat.chat_id.encode()

    async def _visible_members(self, outline: ChatState) -> Collection[UserId]:
        if outline.chat_id.is_direct:
            return outline.writers
        state = await self._states.get(outline.chat_id)
        return _members_by_choice(state) if state else ()


def _members_by_choice(group: ChatState) -> Collection[UserId]:
    """Return the members who have written in a group or created it. All others may have been added against their will.

    A creator who got another role later counts only after writing.
    """
    members = group.memberships
    creators = [user for user, each in members.items() if each.initial and each.role is Role.OWNER]
    writers = [user for user in group.writers if user in members and members[user].role is not None]
    return {*creators, *writers}


def _within_member_limit(chats: Sequence[ChatState]) -> Sequence[ChatState]:
    """Return as many of the first chats as have at most _MOST_MEMBERS members in total, but at least the first."""
    members = 0
    for number, chat in enumerate(chats):
        members += len(members_of(chat))
        if number and members > _MOST_MEMBERS:
            return chats[:number]
    return chats
