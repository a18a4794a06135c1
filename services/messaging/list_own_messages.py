"""Lists all messages that the caller has sent, for an export of their data."""

from dataclasses import replace

from history.fold import visible_message
from history.model import Message, MessageState
from history.view import History
from history.visibility import Viewer
from kernel.ids import UserId
from kernel.paging import PageTokens
from services.messaging.model import Page

_CALL = "ListOwnMessages"
_DEFAULT_SIZE = 100


class ListOwnMessages:
    """Reads the index of sends, so the cost depends on the caller's own messages alone."""

    def __init__(self, *, history: History) -> None:
        self._history = history

    async def __call__(self, *, sender: UserId, page_size: int, page_token: str) -> Page[Message]:
        """Return one page, in no particular order. Errors: see MessagingService.ListOwnMessages."""
        after = PageTokens.decode(_CALL, sender, page_token) if page_token else b""
        page = await self._history.sent_by(sender, after=after, limit=page_size or _DEFAULT_SIZE)
        messages = [message for state in page.states if (message := _own(state, sender))]
        return Page(messages, PageTokens.encode(_CALL, sender, page.next_after) if page.next_after else "")


def _own(state: MessageState, sender: UserId) -> Message | None:
    """Return the message with the sender's reactions alone: the sender may have left the chat before others reacted."""
    message = visible_message(state, Viewer(sender))
    if message is None or message.sender_id != sender:
        return None
    return replace(message, reactions=tuple(each for each in message.reactions if each.user_id == sender))
