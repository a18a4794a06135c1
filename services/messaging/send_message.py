"""Sends a message: once, whatever is retried."""

from uuid import UUID

from history.model import Message, MessageSent
from history.ports import SendClaims
from history.view import History
from kernel.errors import ChatlyError, KernelReason
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.events import Events
from services.messaging.media import attachments
from services.messaging.members import Members
from services.messaging.messages import require_any_message
from services.messaging.model import ChatRef, Draft, Seat, sent_message
from services.messaging.ports import Journal, MediaLibrary, SendMeter
from services.messaging.text import require_storable, require_visible


class SendMessage:
    """Knows no transport: unary calls and streams send through the same one."""

    def __init__(
        self,
        *,
        members: Members,
        history: History,
        claims: SendClaims,
        media: MediaLibrary,
        events: Events,
        journal: Journal,
        meter: SendMeter,
    ) -> None:
        self._members = members
        self._history = history
        self._claims = claims
        self._media = media
        self._events = events
        self._journal = journal
        self._meter = meter
        self._locks = KeyedLock()

    async def __call__(self, draft: Draft, *, sender: UserId) -> Message:
        """The message of this send: the one that an earlier call of the same name made, whatever it said, or a new one.

        Errors: as MessagingService.SendMessage lists them.
        """
        seat = await self._members.writing(draft.chat, sender)
        # Calls of one name wait for each other: the second finds what the first has made.
        async with self._locks.hold(sender, draft.client_message_id):
            earlier = await self._earlier(seat, draft)
            if earlier is not None:
                self._meter.repeated()
                return earlier
            message = await self._send(seat, draft)
        self._meter.accepted()
        return message

    async def _earlier(self, seat: Seat, draft: Draft) -> Message | None:
        try:
            message = await self._history.sent(seat.user_id, draft.client_message_id)
        except ChatlyError as error:
            if error.reason != KernelReason.STORE_UNAVAILABLE:
                raise
            # Sending goes on without the store; of two copies the persister withdraws the later one.
            return None
        if message is not None and message.chat_id != seat.chat_id:
            await self._members.reading(ChatRef(message.chat_id), seat.user_id)
        return message

    async def _send(self, seat: Seat, draft: Draft) -> Message:
        check = require_storable if draft.media_ids else require_visible
        check("text", draft.text)
        if draft.reply_to is not None:
            await require_any_message(self._history, seat, draft.reply_to)
        sent = MessageSent(
            client_message_id=draft.client_message_id,
            text=draft.text,
            reply_to=draft.reply_to,
            attachments=await attachments(self._media, draft.media_ids, seat.user_id),
        )
        event = self._events.make(seat, sent, event_id=await self._message_id(seat, draft))
        await self._journal.record(event)
        return sent_message(event)

    async def _message_id(self, seat: Seat, draft: Draft) -> UUID:
        """The id that an earlier try, whose outcome nobody knows, has claimed, or a new one."""
        fresh = self._events.next_id(seat, after=[draft.reply_to])
        return await self._claims.claim(seat.user_id, draft.client_message_id, fresh)
