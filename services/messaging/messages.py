"""Finding the one message that a call is about."""

from uuid import UUID

from history.model import Message
from history.view import History
from kernel.errors import denied, not_found
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import NOBODY, Seat


async def require_message(history: History, seat: Seat, message_id: UUID) -> Message:
    """A message as the one who sits there sees it; raise MESSAGE_NOT_FOUND."""
    return await _find(history, seat, message_id, seat.user_id)


async def require_any_message(history: History, seat: Seat, message_id: UUID) -> Message:
    """As `require_message`, also one that the caller deleted for themselves."""
    return await _find(history, seat, message_id, NOBODY)


async def require_live_message(history: History, seat: Seat, message_id: UUID) -> Message:
    """As `require_message`; one that was deleted for everyone is not found either."""
    message = await require_message(history, seat, message_id)
    if message.deleted_for_everyone:
        raise not_found(MessagingReason.MESSAGE_NOT_FOUND, f"message {message_id} was deleted")
    return message


def require_sender(seat: Seat, message: Message) -> None:
    """Raise NOT_THE_SENDER unless the one who sits there wrote it."""
    if message.sender_id != seat.user_id:
        raise denied(MessagingReason.NOT_THE_SENDER, "only the one who sent a message may do this")


async def _find(history: History, seat: Seat, message_id: UUID, viewer: UserId) -> Message:
    message = await history.message(seat.chat_id, message_id, viewer=viewer)
    if message is None:
        raise not_found(MessagingReason.MESSAGE_NOT_FOUND, f"there is no message {message_id} in this chat")
    return message
