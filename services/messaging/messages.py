"""Single messages and their reactions, and the lookups that other use cases share."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from history.fold import events_of, visible_message
from history.model import Message, Reaction
from history.view import History
from kernel.ids import UserId, from_time_key, time_key
from kernel.paging import PageTokens
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.errors import invalid_page_token, message_deleted, message_not_found, not_the_sender
from services.messaging.model import NOBODY, ChatAccess, ChatRef

_KEY_BYTES = 16


class Messages:
    def __init__(self, *, authorizer: ChatAuthorizer, history: History) -> None:
        self._authorizer = authorizer
        self._history = history

    async def get(self, chat: ChatRef, message_id: UUID, *, viewer: UserId) -> Message:
        """Return a message as the viewer sees it. A message that was deleted for everyone has no content.

        Errors: see MessagingService.GetMessage.
        """
        return await self.find(await self._authorizer.to_read(chat, viewer), message_id)

    async def reactions(self, chat: ChatRef, message_id: UUID, *, viewer: UserId) -> Sequence[Reaction]:
        """Return the reactions to a message, oldest first. Errors: see MessagingService.ListReactions."""
        return (await self.get(chat, message_id, viewer=viewer)).reactions

    async def find(self, access: ChatAccess, message_id: UUID, *, deleted_too: bool = False) -> Message:
        """Return a message of the chat as the user sees it; raise MESSAGE_NOT_FOUND.

        With `deleted_too`, also return a message that the user deleted for themselves.
        """
        return (await self.find_to_change(access, message_id, deleted_too=deleted_too))[0]

    async def find_to_change(
        self, access: ChatAccess, message_id: UUID, *, deleted_too: bool = False
    ) -> tuple[Message, Sequence[UUID]]:
        """Return the message as `find` does, and the ids of all its events. A change must sort after all of them."""
        viewer = replace(access.viewer, user_id=NOBODY) if deleted_too else access.viewer
        state = await self._history.message_state(access.chat_id, message_id)
        message = visible_message(state, viewer) if state else None
        if state is None or message is None:
            raise message_not_found(message_id)
        return message, tuple(events_of(state))

    async def find_undeleted(self, access: ChatAccess, message_id: UUID) -> tuple[Message, Sequence[UUID]]:
        """Return the same as `find_to_change`; raise MESSAGE_NOT_FOUND also for a message that was deleted for
        everyone.
        """
        message, events = await self.find_to_change(access, message_id)
        if message.deleted_for_everyone:
            raise message_deleted(message_id)
        return message, events


def require_sender(access: ChatAccess, message: Message) -> None:
    """Raise NOT_THE_SENDER unless the user sent the message."""
    if message.sender_id != access.user_id:
        raise not_the_sender()


def page_token(call: str, scope: str, last: Message) -> str:
    """Return the token of the page that follows this message."""
    return PageTokens.encode(call, scope, time_key(last.message_id))


def last_message_id(call: str, scope: str, token: str) -> UUID:
    """Return the message id in a page token; raise INVALID_PAGE_TOKEN."""
    key = PageTokens.decode(call, scope, token)
    if len(key) != _KEY_BYTES:
        raise invalid_page_token()
    return from_time_key(key)
