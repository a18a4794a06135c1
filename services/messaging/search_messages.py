"""Finds messages by words. Reads from the newest message back, up to a limit per call."""

import heapq
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from history.chat_id import ChatId
from history.model import Message
from history.ports import Window
from history.view import History
from history.visibility import Viewer, viewer_of
from kernel.errors import invalid_field
from kernel.ids import UserId, time_key
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.messages import last_message_id, page_token
from services.messaging.model import ChatRef, Page, Search
from services.messaging.text import contains_all, search_words

MOST_READ = 2_000
"""The most messages that one call reads. So a page may be short or empty although more pages follow."""
_CALL = "SearchMessages"
_DEFAULT_SIZE = 20
_CHUNK = 100
_NEWEST = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class _SearchedChat:
    chat_id: ChatId
    viewer: Viewer
    newest: bytes
    """A time key that is not earlier than the chat's newest message."""


class SearchMessages:
    """Searches without an index, so edits, deletions and lost memberships take effect at once.

    A page token contains the id of the last message that was read.
    """

    def __init__(self, *, authorizer: ChatAuthorizer, history: History) -> None:
        self._authorizer = authorizer
        self._history = history

    async def __call__(self, search: Search, *, viewer: UserId) -> Page[Message]:
        """Return messages that contain every word of the query. Errors: see MessagingService.SearchMessages."""
        words = search_words(search.query)
        if not words:
            raise invalid_field("query", "must contain a letter, digit or sign")
        chats = await self._chats(search.chat_id, viewer)
        scope = f"{viewer} {search.chat_id} {search.query}"
        before = last_message_id(_CALL, scope, search.page_token) if search.page_token else None
        found: list[Message] = []
        read = 0
        async with aclosing(self._newest_first(chats, before)) as messages:
            async for message in messages:
                read += 1
                if contains_all(message, words):
                    found.append(message)
                if len(found) == (search.page_size or _DEFAULT_SIZE) or read == MOST_READ:
                    return Page(found, page_token(_CALL, scope, message))
        return Page(found)

    async def _chats(self, chat_id: str, user_id: UserId) -> Sequence[_SearchedChat]:
        """Return the chats to search."""
        if chat_id:
            access = await self._authorizer.to_read(ChatRef(chat_id), user_id)
            return [_SearchedChat(access.chat_id, access.viewer, _NEWEST)]
        return [
            _SearchedChat(state.chat_id, viewer_of(state, user_id), time_key(state.last_message_id))
            for state in await self._history.outlines_of(user_id)
            if state.last_message_id
        ]

    async def _newest_first(self, chats: Sequence[_SearchedChat], before: UUID | None) -> AsyncGenerator[Message, None]:
        """Yield the visible messages of all chats, newest first.

        Each chat is read in chunks, and a chunk only when it may contain the next message.
        """
        ceiling = time_key(before) if before else _NEWEST
        viewers = {chat.chat_id: chat.viewer for chat in chats}
        marks = dict.fromkeys(viewers, before)
        chunks: dict[ChatId, list[Message]] = {chat_id: [] for chat_id in viewers}
        heap = [(_rank(min(chat.newest, ceiling)), chat.chat_id) for chat in chats]
        heapq.heapify(heap)
        while heap:
            _, chat_id = heapq.heappop(heap)
            chunk = chunks[chat_id]
            if chunk:
                message = chunk.pop()
                yield message
                marks[chat_id] = message.message_id
                newest = chunk[-1] if chunk else message
            else:
                window = Window(_CHUNK, before=marks[chat_id])
                chunk.extend(await self._history.page(chat_id, window, viewer=viewers[chat_id]))
                if not chunk:
                    continue
                newest = chunk[-1]
            heapq.heappush(heap, (_rank(time_key(newest.message_id)), chat_id))


def _rank(key: bytes) -> int:
    """Return a number that is smaller for newer keys, because a heap returns the smallest number first."""
    return -int.from_bytes(key, "big")
