"""This node's cache of chat states. Every event that the node publishes or receives updates the state of its chat."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from history.audience import chat_channel, user_channel
from history.chat_id import ChatId
from history.codec import unpack
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, LogEvent
from history.view import History
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.cache import BoundedCache
from kernel.errors import ChatlyError, KernelReason
from kernel.ids import HybridClock
from kernel.locks import KeyedLock
from kernel.telemetry.logs import logger
from kernel.time import Clock

_RETRY_SECONDS = 1.0


@dataclass(slots=True)
class _CachedState:
    state: ChatState
    loaded_at: float
    """Time of loading, on the clock's monotonic scale."""
    newest_event_id: UUID | None = None
    """The id of the event that was applied last since the state was loaded."""


class ChatStates:
    """A bounded cache. A state is as recent as the bus; if the bus loses events, `max_age` bounds its age."""

    def __init__(
        self,
        *,
        history: History,
        bus: LiveBus,
        ids: HybridClock,
        clock: Clock,
        capacity: int = 10_000,
        max_age: float = 30.0,
    ) -> None:
        """`capacity`: number of chats. `max_age`: seconds after which a state is loaded again."""
        self._history = history
        self._ids = ids
        self._clock = clock
        self._max_age = max_age
        self._cache: BoundedCache[ChatId, _CachedState] = BoundedCache(capacity=capacity)
        self._events_while_loading: dict[ChatId, list[ChatEvent]] = {}
        self._loading = KeyedLock()
        self._subscription = bus.subscribe()
        self._subscribers: Counter[str] = Counter()
        """Channel → number of cached chats that need it."""
        self._log = logger("messaging")

    async def get(self, chat_id: ChatId) -> ChatState | None:
        """Return a chat's state, or None if the chat has no events.

        While the store is unavailable, return the cached state, however old; raise STORE_UNAVAILABLE if none is cached.
        """
        cached = self._cache.get(chat_id)
        if cached is not None and self._clock.monotonic() - cached.loaded_at <= self._max_age:
            return cached.state
        async with self._loading.hold(chat_id):
            return await self._load_unless_fresh(chat_id)

    async def reload(self, chat_id: ChatId) -> ChatState | None:
        """Load a chat's state and return it, or None if the chat has no events. Call this before refusing access.

        Raise STORE_UNAVAILABLE even if a state is cached.
        """
        async with self._loading.hold(chat_id):
            return await self._load(chat_id)

    async def refresh(self, chat_id: ChatId) -> None:
        """Load a chat's state again. Do nothing if it is not cached, or if the store is unavailable."""
        if self._cache.peek(chat_id) is None:
            return
        try:
            await self.reload(chat_id)
        except ChatlyError as error:
            if error.reason != KernelReason.STORE_UNAVAILABLE:
                raise

    def cached(self, chat_id: ChatId) -> ChatState | None:
        """Return the cached state of a chat, however old, or None if it is not cached."""
        cached = self._cache.peek(chat_id)
        return cached.state if cached else None

    def apply(self, event: ChatEvent) -> None:
        """Update the state of the event's chat if it is cached. Events may arrive late or several times."""
        if (missed := self._events_while_loading.get(event.chat_id)) is not None:
            missed.append(event)
        cached = self._cache.peek(event.chat_id)
        if cached is not None and cached.newest_event_id == event.event_id:
            # Most events arrive several times: from the publisher, from the bus, and from the bus again once they are
            # stored.
            return
        self._ids.observe(event.event_id)
        if cached is not None:
            cached.state = apply_to_chat(cached.state, event)
            cached.newest_event_id = event.event_id

    async def run(self) -> None:
        """Apply the events of other nodes until cancelled."""
        try:
            while True:
                for message in await self._subscription.receive():
                    await self._receive(message)
        finally:
            await self._subscription.close()

    async def _receive(self, message: BusMessage | BusGap) -> None:
        if isinstance(message, BusGap):
            await self._unsubscribe(self._cache.clear())
            return
        try:
            content = unpack(message.payload)
        except ValueError as error:
            self._log.warning("unreadable event on the bus", channel=message.channel, error=str(error))
            return
        if isinstance(content, LogEvent):
            self.apply(content.event)

    async def _load_unless_fresh(self, chat_id: ChatId) -> ChatState | None:
        cached = self._cache.get(chat_id)
        if cached is not None and self._clock.monotonic() - cached.loaded_at <= self._max_age:
            return cached.state
        try:
            return await self._load(chat_id)
        except ChatlyError as error:
            cached = self._cache.get(chat_id)
            if cached is None or error.reason != KernelReason.STORE_UNAVAILABLE:
                raise
            # Use the state for another second. Otherwise all callers that wait for this lock would query the
            # unavailable store, one after the other.
            cached.loaded_at = self._clock.monotonic() - self._max_age + _RETRY_SECONDS
            return cached.state

    async def _load(self, chat_id: ChatId) -> ChatState | None:
        await self._subscribe(chat_id)
        try:
            state = await self._read(chat_id)
        except BaseException:
            await self._unsubscribe([chat_id])
            raise
        await self._replace(chat_id, state)
        return state

    async def _read(self, chat_id: ChatId) -> ChatState | None:
        # The loaded state may lack events that arrive during the load.
        missed = self._events_while_loading[chat_id] = []
        try:
            state = await self._history.chat(chat_id)
        finally:
            del self._events_while_loading[chat_id]
        for event in missed:
            state = apply_to_chat(state, event)
        return state

    async def _replace(self, chat_id: ChatId, state: ChatState | None) -> None:
        removed = [chat_id] if self._cache.pop(chat_id) else []
        if state is None:
            removed.append(chat_id)
        else:
            removed += self._cache.put(chat_id, _CachedState(state, self._clock.monotonic()))
        await self._unsubscribe(removed)

    async def _subscribe(self, chat_id: ChatId) -> None:
        channel = _channel(chat_id)
        self._subscribers[channel] += 1
        if self._subscribers[channel] == 1:
            await self._subscription.add([channel])

    async def _unsubscribe(self, chat_ids: Iterable[ChatId]) -> None:
        unused: list[str] = []
        for channel in map(_channel, chat_ids):
            self._subscribers[channel] -= 1
            if not self._subscribers[channel]:
                del self._subscribers[channel]
                unused.append(channel)
        if unused:
            await self._subscription.remove(unused)


def _channel(chat_id: ChatId) -> str:
    """Return a channel that carries every event of the chat, except deletions that a user makes for themselves."""
    return user_channel(chat_id.members[0]) if chat_id.is_direct else chat_channel(chat_id)
