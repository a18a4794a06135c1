"""Typing notifications and changed blocks over the live bus."""

from collections.abc import Collection

from history.audience import chat_channel, user_channel
from history.chat_id import ChatId
from history.codec import pack_ephemeral
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.ids import UserId
from kernel.time import Clock
from services.messaging.api.mapping.live import typing_response
from services.messaging.user_blocks import CachedUserDirectory

_BLOCKS_CHANNEL = "blocks:changed"


class BusTypingSignal:
    """A TypingSignal that publishes serialized SubscribeResponses, which nodes pass to their streams unchanged.

    In a group, the user who is typing receives the notification too, and clients ignore their own.
    """

    def __init__(self, *, bus: LiveBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def typing(
        self, chat_id: ChatId, user_id: UserId, *, active: bool, hidden_from: Collection[UserId] = ()
    ) -> None:
        channel = user_channel(chat_id.other(user_id)) if chat_id.is_direct else chat_channel(chat_id)
        response = typing_response(chat_id, user_id, active=active, at=self._clock.now())
        await self._bus.publish([BusMessage(channel, pack_ephemeral(response, hidden_from=hidden_from))])


class BlockFeed:
    """Removes users from the cache when their blocks change, so that a block takes effect at once on every node."""

    def __init__(self, *, bus: LiveBus, directory: CachedUserDirectory) -> None:
        self._directory = directory
        self._subscription = bus.subscribe()

    async def run(self) -> None:
        """Remove users until cancelled. After a gap of the bus, remove all users."""
        try:
            await self._subscription.add([_BLOCKS_CHANNEL])
            while True:
                for message in await self._subscription.receive():
                    if isinstance(message, BusGap):
                        self._directory.clear()
                    else:
                        _, *users = message.payload.decode().split(" ")
                        self._directory.invalidate(map(UserId, users))
        finally:
            await self._subscription.close()
