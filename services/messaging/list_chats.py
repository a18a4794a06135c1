"""Lists a user's chats by last activity."""

import asyncio
from collections.abc import Sequence

from history.audience import members_of, role_in
from history.model import ChatState
from history.view import ChatOverview, History, last_activity
from kernel.ids import UserId, ticks_of
from kernel.paging import PageTokens
from services.messaging.model import Page

_DEFAULT_SIZE = 50
_TICK_BYTES = 8
# Each takes 80 bytes of an answer, of which clients take 4 MiB unless told otherwise.
_MOST_MEMBERS = 10_000


class ListChats:
    """Newest first, each with its newest message and the number of unread ones.

    A page token holds the last chat shown: chats that move up meanwhile are not shown again, and none is left out that
    stays where it is. A page with large groups is shorter, so that it fits into an answer.
    """

    def __init__(self, *, history: History) -> None:
        self._history = history

    async def __call__(self, *, viewer: UserId, page_size: int = 0, page_token: str = "") -> Page[ChatOverview]:
        """`page_size` 0: 50. Errors: INVALID_PAGE_TOKEN."""
        after = PageTokens.decode("ListChats", viewer, page_token) if page_token else None
        places = {chat.chat_id: _place(chat) for chat in await self._history.outlines_of(viewer)}
        left = [(place, chat_id) for chat_id, place in places.items() if after is None or place < after]
        rest = [chat_id for _, chat_id in sorted(left, reverse=True)]
        due = rest[: page_size or _DEFAULT_SIZE]
        chats = await self._history.chats(due)
        # The viewer may have left one in between.
        whole = [chat for chat_id in due if (chat := chats.get(chat_id)) and role_in(chat, viewer)]
        to_message = _that_fit(whole)
        page = await asyncio.gather(*(self._history.overview(chat, viewer) for chat in to_message))
        if len(to_message) < len(whole):
            return Page(page, PageTokens.encode("ListChats", viewer, places[to_message[-1].chat_id]))
        if len(due) < len(rest):
            return Page(page, PageTokens.encode("ListChats", viewer, places[due[-1]]))
        return Page(page)


def _that_fit(chats: Sequence[ChatState]) -> Sequence[ChatState]:
    """The first of them, and as many more as have _MOST_MEMBERS together."""
    members = 0
    for number, chat in enumerate(chats):
        members += len(members_of(chat))
        if number and members > _MOST_MEMBERS:
            return chats[:number]
    return chats


def _place(chat: ChatState) -> bytes:
    return ticks_of(last_activity(chat)).to_bytes(_TICK_BYTES, "big") + chat.chat_id.encode()
