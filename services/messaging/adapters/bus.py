"""Typing notifications over the live bus."""

from history.audience import chat_channel, user_channel
from history.chat_id import ChatId
from history.codec import pack_ephemeral
from kernel.bus.ports import BusMessage, LiveBus
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.api.mapping.live import typing_response


class BusTypingSignal:
    """A TypingSignal that publishes serialized SubscribeResponses, which nodes pass to their streams unchanged.

    In a group, the user who is typing receives the notification too, and clients ignore their own.
    """

    def __init__(self, *, bus: LiveBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def typing(self, chat_id: ChatId, user_id: UserId, *, active: bool) -> None:
        channel = user_channel(chat_id.other(user_id)) if chat_id.is_direct else chat_channel(chat_id)
        response = typing_response(chat_id, user_id, active=active, at=self._clock.now())
        await self._bus.publish([BusMessage(channel, pack_ephemeral(response))])
