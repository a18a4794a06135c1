"""Sends a message. However often a call is retried, it sends one message."""

from collections.abc import Callable

from history.fold import sent_message
from history.model import ChatEvent, Message, MessageSent
from history.ports import SendClaims
from history.view import History
from kernel.errors import ChatlyError, KernelReason
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.event_publisher import EventPublisher
from services.messaging.media import attachments
from services.messaging.messages import Messages
from services.messaging.model import ChatAccess, ChatRef, Draft
from services.messaging.ports import MediaLibrary
from services.messaging.text import require_storable, require_visible


class SendMessage:
    """Serves both unary calls and the sends of a stream."""

    def __init__(
        self,
        *,
        authorizer: ChatAuthorizer,
        history: History,
        messages: Messages,
        claims: SendClaims,
        media: MediaLibrary,
        events: EventPublisher,
        on_accepted: Callable[[], None],
        on_repeated: Callable[[], None],
    ) -> None:
        """`on_accepted` is called after a send that created a message, `on_repeated` after one that returned an earlier
        message.
        """
        self._authorizer = authorizer
        self._history = history
        self._messages = messages
        self._claims = claims
        self._media = media
        self._events = events
        self._on_accepted = on_accepted
        self._on_repeated = on_repeated
        self._locks = KeyedLock()

    async def __call__(self, draft: Draft, *, sender: UserId) -> Message:
        """Return the new message, or the message that an earlier call with this `client_message_id` created.

        Errors: see MessagingService.SendMessage.
        """
        access = await self._authorizer.to_write(draft.chat, sender)
        # Concurrent calls with the same `client_message_id` wait here, so that later ones find the first one's message.
        async with self._locks.hold(sender, draft.client_message_id):
            found = await self._event_or_earlier(access, draft)
            if isinstance(found, Message):
                self._on_repeated()
                return found
            await self._events.publish(found)
        self._on_accepted()
        return sent_message(found)

    async def _event_or_earlier(self, access: ChatAccess, draft: Draft) -> ChatEvent | Message:
        """Return the event to publish, or the message of an earlier call."""
        try:
            content = await self._content(access, draft)
        except ChatlyError:
            # A repeated call returns its message, even if the content is not valid (any more).
            if earlier := await self._earlier(access, draft):
                return earlier
            raise
        # An earlier attempt with an unknown result may have claimed an id. With that id, both attempts are the same
        # event.
        new_id = self._events.next_id(access, after=[draft.reply_to])
        claim = await self._claims.claim(access.user_id, draft.client_message_id, new_id)
        if not claim.is_first and (earlier := await self._earlier(access, draft)):
            return earlier
        return self._events.new_event(access, content, event_id=claim.message_id)

    async def _earlier(self, access: ChatAccess, draft: Draft) -> Message | None:
        try:
            message = await self._history.sent(access.user_id, draft.client_message_id)
        except ChatlyError as error:
            if error.reason != KernelReason.STORE_UNAVAILABLE:
                raise
            # Sends continue without the store. If this call makes a second copy, the persister withdraws the copy.
            return None
        if message is not None and message.chat_id != access.chat_id:
            # The sender may have left the chat of the earlier message, so check the access to that chat.
            await self._authorizer.to_read(ChatRef(message.chat_id), access.user_id)
        return message

    async def _content(self, access: ChatAccess, draft: Draft) -> MessageSent:
        check_text = require_storable if draft.media_ids else require_visible
        check_text("text", draft.text)
        if draft.reply_to is not None:
            await self._messages.find(access, draft.reply_to, deleted_too=True)
        return MessageSent(
            client_message_id=draft.client_message_id,
            text=draft.text,
            reply_to=draft.reply_to,
            attachments=await attachments(self._media, draft.media_ids, access.user_id) if draft.media_ids else (),
        )
