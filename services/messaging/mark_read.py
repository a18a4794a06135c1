"""Moves a member's read mark forward."""

from uuid import UUID

from history.model import ReadMarkMoved
from history.view import History
from kernel.ids import UserId, time_key
from kernel.locks import KeyedLock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.event_publisher import EventPublisher
from services.messaging.messages import Messages
from services.messaging.model import ChatRef, ReadPosition


class MarkRead:
    def __init__(
        self, *, authorizer: ChatAuthorizer, history: History, messages: Messages, events: EventPublisher
    ) -> None:
        self._authorizer = authorizer
        self._history = history
        self._messages = messages
        self._events = events
        self._locks = KeyedLock()

    async def __call__(self, chat: ChatRef, message_id: UUID, *, reader: UserId) -> ReadPosition:
        """Return the read mark and the unread count after the call. A message before the mark does not move the mark.

        Errors: see MessagingService.MarkRead.
        """
        # Clients call this often while they scroll. With the lock, a call that does not move the mark publishes
        # nothing.
        async with self._locks.hold(reader, chat):
            access = await self._authorizer.to_read(chat, reader)
            mark = access.state.read_marks.get(reader)
            if mark is None or time_key(message_id) > time_key(mark):
                await self._messages.find(access, message_id, deleted_too=True)
                await self._events.publish_change(access, ReadMarkMoved(message_id), after=[message_id, mark])
                mark = message_id
        return ReadPosition(mark, await self._history.unread(access.state, reader, mark=mark))
