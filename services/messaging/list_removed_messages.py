"""List messages that the message store has as deleted for everyone, or as withdrawn."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from history.chat_id import ChatId
from history.model import MessageState
from history.ports import MessageReader


class ListRemovedMessages:
    """Reads the store alone. An event that only the log or the hot tail has may still be lost with the log."""

    def __init__(self, *, stored: MessageReader) -> None:
        self._stored = stored

    async def __call__(self, messages: Sequence[tuple[ChatId, UUID]]) -> Sequence[MessageState]:
        """Return the states of the removed messages. Errors: see MessagingService.ListRemovedMessages."""
        ids: Mapping[ChatId, set[UUID]] = defaultdict(set)
        for chat_id, message_id in messages:
            ids[chat_id].add(message_id)
        found = await asyncio.gather(*(self._stored.messages(chat_id, each) for chat_id, each in ids.items()))
        states = (state for chat in found for state in chat.values())
        return [state for state in states if state.deleted_for_everyone or state.withdrawn]
