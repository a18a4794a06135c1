"""Adds a user's reaction to a message, or removes it."""

from collections.abc import Sequence
from uuid import UUID

from history.model import Reaction, ReactionSet
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.errors import too_many_reactions
from services.messaging.event_publisher import EventPublisher
from services.messaging.messages import Messages
from services.messaging.model import MAX_DIFFERENT_EMOJI, ChatRef
from services.messaging.text import require_emoji


class ToggleReaction:
    def __init__(self, *, authorizer: ChatAuthorizer, messages: Messages, events: EventPublisher) -> None:
        self._authorizer = authorizer
        self._messages = messages
        self._events = events
        self._locks = KeyedLock()

    async def __call__(
        self, chat: ChatRef, message_id: UUID, emoji: str, *, user_id: UserId
    ) -> tuple[Sequence[Reaction], bool]:
        """Return the message's reactions after the change, and whether the user's reaction is now among them.

        Errors: see MessagingService.ToggleReaction.
        """
        require_emoji("emoji", emoji)
        access = await self._authorizer.to_write(chat, user_id)
        # Toggles of one message run one after the other. So two toggles by the same user cancel out, and the limit
        # holds.
        async with self._locks.hold(message_id):
            message, earlier = await self._messages.find_undeleted(access, message_id)
            before = message.reactions
            own = next((one for one in before if (one.user_id, one.emoji) == (user_id, emoji)), None)
            if own is None:
                _require_within_limit(before, emoji)
            change = ReactionSet(message_id, emoji, present=own is None)
            event = await self._events.publish_change(access, change, after=earlier)
        if own is None:
            return (*before, Reaction(user_id, emoji, event.occurred_at)), True
        return tuple(reaction for reaction in before if reaction is not own), False


def _require_within_limit(reactions: Sequence[Reaction], emoji: str) -> None:
    different = {reaction.emoji for reaction in reactions}
    if emoji not in different and len(different) >= MAX_DIFFERENT_EMOJI:
        raise too_many_reactions(MAX_DIFFERENT_EMOJI)
