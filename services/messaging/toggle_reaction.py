"""Puts a reaction on a message, or takes it away."""

from collections.abc import Sequence
from uuid import UUID

from history.model import ChatEvent, Reaction, ReactionSet
from history.view import History
from kernel.errors import precondition
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.emoji import require_emoji
from services.messaging.errors import MessagingReason
from services.messaging.events import Events
from services.messaging.members import Members
from services.messaging.messages import require_live_message
from services.messaging.model import MAX_DIFFERENT_EMOJI, ChatRef
from services.messaging.ports import Journal


class ToggleReaction:
    def __init__(self, *, members: Members, history: History, events: Events, journal: Journal) -> None:
        self._members = members
        self._history = history
        self._events = events
        self._journal = journal
        self._locks = KeyedLock()

    async def __call__(
        self, chat: ChatRef, message_id: UUID, emoji: str, *, user_id: UserId
    ) -> tuple[Sequence[Reaction], bool]:
        """The message's reactions as they are now, and whether the user's is among them.

        Errors: as MessagingService.ToggleReaction lists them.
        """
        require_emoji("emoji", emoji)
        seat = await self._members.writing(chat, user_id)
        # Two toggles at once are a put and a take, also for the limit.
        async with self._locks.hold(message_id):
            before = (await require_live_message(self._history, seat, message_id)).reactions
            mine = next((reaction for reaction in before if _is(reaction, user_id, emoji)), None)
            if mine is None:
                _require_room(before, emoji)
            event_id = self._events.next_id(seat, after=[message_id])
            event = self._events.make(seat, ReactionSet(message_id, emoji, present=mine is None), event_id=event_id)
            await self._journal.record(event)
        if mine is None:
            return (*before, _reaction(event, user_id, emoji)), True
        return tuple(reaction for reaction in before if reaction is not mine), False


def _is(reaction: Reaction, user_id: UserId, emoji: str) -> bool:
    return (reaction.user_id, reaction.emoji) == (user_id, emoji)


def _reaction(event: ChatEvent, user_id: UserId, emoji: str) -> Reaction:
    return Reaction(user_id, emoji, event.occurred_at)


def _require_room(reactions: Sequence[Reaction], emoji: str) -> None:
    kinds = {reaction.emoji for reaction in reactions}
    if emoji not in kinds and len(kinds) >= MAX_DIFFERENT_EMOJI:
        message = f"a message takes at most {MAX_DIFFERENT_EMOJI} different emoji"
        raise precondition(MessagingReason.TOO_MANY_REACTIONS, message, limit=str(MAX_DIFFERENT_EMOJI))
