"""Deletes the messages of a user who deleted their account, and ends their memberships."""

import asyncio
from dataclasses import dataclass, replace

from history.audience import role_in
from history.fold import events_of, to_message
from history.model import ChatState, MessageDeleted, MessageState
from history.view import History
from history.visibility import set_membership
from kernel.ids import UserId
from kernel.telemetry.metrics import counter
from kernel.time import Clock
from services.messaging.event_publisher import EventPublisher
from services.messaging.model import ChatAccess

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Erased:
    """The result of one call. Call again with `next_after` until it is empty."""

    messages: int
    files: int
    groups: int
    next_after: bytes


class EraseRate:
    """Spaces the events of all erasures of this node, so that other users are served meanwhile."""

    def __init__(self, *, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._spacing = 1 / per_second if per_second else 0.0
        self._free_at = 0.0

    async def wait(self) -> None:
        """Wait until the next event may be published."""
        now = self._clock.monotonic()
        start = max(self._free_at, now)
        self._free_at = start + self._spacing
        if start > now:
            await asyncio.sleep(start - now)


class EraseUser:
    """Publishes a deletion for everyone for each message of a user, as `DeleteMessage` does for one.

    So every store, cache and client drops the text and the files in the usual way. The messages are found in the index
    of sends, also those in groups that the user has left. Reactions, read marks and the titles given to groups stay.
    """

    def __init__(self, *, history: History, events: EventPublisher, rate: EraseRate) -> None:
        self._history = history
        self._events = events
        self._rate = rate
        self._deleted = counter("chatly_messaging_erased_messages_total", "Messages deleted for erased users.")

    async def __call__(self, user_id: UserId, *, delete_messages: bool, after: bytes) -> Erased:
        """Delete one page of messages. With the last page, remove the user from all groups.

        Safe to repeat from the start: deleted messages are skipped. Errors: see MessagingService.EraseUser.
        """
        page = await self._delete_page(user_id, after) if delete_messages else Erased(0, 0, 0, b"")
        return page if page.next_after else replace(page, groups=await self._leave_groups(user_id))

    async def _delete_page(self, user_id: UserId, after: bytes) -> Erased:
        page = await self._history.sent_by(user_id, after=after, limit=_PAGE)
        messages = [state for state in page.states if _is_undeleted(state, user_id)]
        chats = await self._history.outlines({state.chat_id for state in messages}, user_id)
        for state in messages:
            await self._rate.wait()
            chat = chats.get(state.chat_id) or ChatState(state.chat_id)
            access = ChatAccess(user_id, state.chat_id, chat, role_in(chat, user_id))
            change = MessageDeleted(state.message_id, for_everyone=True)
            await self._events.publish_change(access, change, after=events_of(state))
            self._deleted.inc()
        files = sum(len(state.content.attachments) for state in messages if state.content)
        return Erased(len(messages), files, 0, page.next_after)

    async def _leave_groups(self, user_id: UserId) -> int:
        groups = [state for state in await self._history.outlines_of(user_id) if not state.chat_id.is_direct]
        for state in groups:
            await self._rate.wait()
            access = ChatAccess(user_id, state.chat_id, state, role_in(state, user_id))
            event = self._events.new_event(
                access,
                set_membership(state, user_id, None),
                event_id=self._events.next_id(access, after=[state.memberships[user_id].event_id]),
                audience=(user_id,),
            )
            await self._events.publish(event)
        return len(groups)


def _is_undeleted(state: MessageState, user_id: UserId) -> bool:
    message = to_message(state)
    return message is not None and message.sender_id == user_id and not message.deleted_for_everyone
