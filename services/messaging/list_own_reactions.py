"""Lists the caller's reactions to messages of others, for an export of their data."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from history.chat_id import ChatId
from history.model import Message, Reaction
from history.ports import Window
from history.view import History
from history.visibility import Viewer
from kernel.ids import UserId, from_time_key, time_key
from kernel.paging import PageTokens
from services.messaging.errors import invalid_page_token
from services.messaging.model import Page

_CALL = "ListOwnReactions"
_MOST_READ = 1_000
_CHUNK = 200
_CHAT_COST = 10
"""A chat counts as this many messages, so that one call reads a limited number of chats too."""
_NO_MESSAGE = bytes(16)
"""In a page token, in place of the key of a message."""


@dataclass(frozen=True, slots=True)
class OwnReaction:
    """A reaction of the caller, and its message."""

    chat_id: ChatId
    message_id: UUID
    reaction: Reaction


class ListOwnReactions:
    """Reads all messages of the chats that the caller is or was in: there is no index of reactions by user.

    A page token contains the last chat and the last message of it that was read, or no message if all were read.
    """

    def __init__(self, *, history: History) -> None:
        self._history = history

    async def __call__(self, *, user_id: UserId, page_token: str) -> Page[OwnReaction]:
        """Return one page. Errors: see MessagingService.ListOwnReactions."""
        last_chat, after = _decode(user_id, page_token)
        found: list[OwnReaction] = []
        budget = _MOST_READ
        for chat_id in sorted(await self._history.chats_of(user_id)):
            if chat_id < last_chat or (chat_id == last_chat and after is None):
                continue
            after = after if chat_id == last_chat else None
            budget -= _CHAT_COST
            while True:
                window = Window(_CHUNK, newest_first=False, after=after)
                messages = await self._history.page(chat_id, window, viewer=Viewer(user_id))
                found.extend(each for message in messages for each in _own(message, user_id))
                budget -= len(messages)
                after = messages[-1].message_id if len(messages) == _CHUNK else None
                if budget <= 0:
                    return Page(found, _encode(user_id, chat_id, after))
                if after is None:
                    break
        return Page(found)


def _own(message: Message, user_id: UserId) -> Sequence[OwnReaction]:
    if message.sender_id == user_id:
        return ()
    own = (each for each in message.reactions if each.user_id == user_id)
    return [OwnReaction(message.chat_id, message.message_id, each) for each in own]


def _encode(user_id: UserId, chat_id: ChatId, after: UUID | None) -> str:
    return PageTokens.encode(_CALL, user_id, (time_key(after) if after else _NO_MESSAGE) + chat_id.encode())


def _decode(user_id: UserId, page_token: str) -> tuple[ChatId, UUID | None]:
    if not page_token:
        return ChatId(""), None
    content = PageTokens.decode(_CALL, user_id, page_token)
    key, chat_id = content[: len(_NO_MESSAGE)], content[len(_NO_MESSAGE) :]
    if not chat_id:
        raise invalid_page_token()
    return ChatId(chat_id.decode()), from_time_key(key) if key != _NO_MESSAGE else None
