"""Finds messages by words, by reading: the newest first, so much a call."""

import heapq
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from uuid import UUID

from history.chat_id import ChatId
from history.model import Message
from history.ports import Window
from history.view import History
from kernel.errors import ChatlyError, Code, KernelReason, invalid_field
from kernel.ids import UserId, from_time_key, time_key
from kernel.paging import PageTokens
from services.messaging.members import Members
from services.messaging.model import ChatRef, Page, Search
from services.messaging.words import contains_all, words_of

MOST_READ = 2_000
"""Messages that one call looks at. A page may be short, or empty, with more behind it."""
_DEFAULT_SIZE = 20
_CHUNK = 100
_KEY_BYTES = 16
_NEWEST = b"\xff" * _KEY_BYTES


class SearchMessages:
    """Keeps no index: what was edited, deleted or is no longer the caller's to see is so here at once.

    A page token holds the last message looked at.
    """

    def __init__(self, *, members: Members, history: History) -> None:
        self._members = members
        self._history = history

    async def __call__(self, search: Search, *, viewer: UserId) -> Page[Message]:
        """Messages with every word of the query. Errors: as MessagingService.SearchMessages lists them."""
        words = words_of(search.query)
        if not words:
            raise invalid_field("query", "must hold a letter, digit or sign")
        chats = await self._chats(search.chat_id, viewer)
        scope = f"{viewer} {search.chat_id} {search.query}"
        before = _position(scope, search.page_token) if search.page_token else None
        found: list[Message] = []
        read = 0
        async with aclosing(self._newest_first(chats, before, viewer)) as messages:
            async for message in messages:
                read += 1
                if contains_all(message, words):
                    found.append(message)
                if len(found) == (search.page_size or _DEFAULT_SIZE) or read == MOST_READ:
                    return Page(found, PageTokens.encode("SearchMessages", scope, time_key(message.message_id)))
        return Page(found)

    async def _chats(self, chat_id: str, viewer: UserId) -> Mapping[ChatId, bytes]:
        """Where to look, each with a key that none of its messages is above."""
        if chat_id:
            seat = await self._members.reading(ChatRef(chat_id), viewer)
            return {seat.chat_id: _NEWEST}
        states = await self._history.outlines_of(viewer)
        return {state.chat_id: time_key(state.last_message_id) for state in states if state.last_message_id}

    async def _newest_first(
        self, chats: Mapping[ChatId, bytes], before: UUID | None, viewer: UserId
    ) -> AsyncGenerator[Message, None]:
        """What the viewer may see in the chats. A chat is read when its turn may have come, a chunk at a time."""
        ceiling = time_key(before) if before else _NEWEST
        marks = dict.fromkeys(chats, before)
        chunks: dict[ChatId, list[Message]] = {chat_id: [] for chat_id in chats}
        turns = [(_rank(min(newest, ceiling)), chat_id) for chat_id, newest in chats.items()]
        heapq.heapify(turns)
        while turns:
            _, chat_id = heapq.heappop(turns)
            chunk = chunks[chat_id]
            if chunk:
                message = chunk.pop()
                yield message
                marks[chat_id] = message.message_id
                turn = chunk[-1] if chunk else message
            else:
                window = Window(_CHUNK, before=marks[chat_id])
                chunk.extend(await self._history.page(chat_id, window, viewer=viewer))
                if not chunk:
                    continue
                turn = chunk[-1]
            heapq.heappush(turns, (_rank(time_key(turn.message_id)), chat_id))


def _rank(key: bytes) -> int:
    """The newest first out of a heap."""
    return -int.from_bytes(key, "big")


def _position(scope: str, token: str) -> UUID:
    key = PageTokens.decode("SearchMessages", scope, token)
    if len(key) != _KEY_BYTES:
        raise ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN, "page_token: holds no position")
    return from_time_key(key)
