"""Chats as this node knows them: loaded once, then kept current by every event that is recorded here or heard of."""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from history.channels import chat_channel, user_channel
from history.chat_id import ChatId
from history.codec import unpack
from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, StoredEvent
from history.view import History
from kernel.bus.ports import BusGap, BusMessage, LiveBus
from kernel.errors import ChatlyError, KernelReason
from kernel.ids import HybridClock
from kernel.locks import KeyedLock
from kernel.telemetry.logs import logger
from kernel.time import Clock

_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Kept:
    state: ChatState
    loaded_at: float
    newest: UUID | None = None
    """The event that was taken in last."""


class ChatStates:
    """A bounded cache. Never staler than the bus is slow, and, where the bus loses something, than `max_age`."""

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
        """`max_age`: seconds after which a chat is loaded anew, for the bus may lose events."""
        self._history = history
        self._ids = ids
        self._clock = clock
        self._capacity = capacity
        self._max_age = max_age
        self._kept: OrderedDict[ChatId, _Kept] = OrderedDict()
        self._heard: dict[ChatId, list[ChatEvent]] = {}
        self._loading = KeyedLock()
        self._subscription = bus.subscribe()
        self._watched: Counter[str] = Counter()
        self._log = logger("messaging")

    async def of(self, chat_id: ChatId) -> ChatState | None:
        """A chat's state; None: nothing ever happened in it. While the store is away, what is kept stays true."""
        if (state := self._fresh(chat_id)) is not None:
            return state
        async with self._loading.hold(chat_id):
            try:
                return self._fresh(chat_id) or await self._load(chat_id)
            except ChatlyError as error:
                kept = self._kept.get(chat_id)
                if kept is None or error.reason != KernelReason.STORE_UNAVAILABLE:
                    raise
                # Those who wait behind this call must not ask, one after the other, a store that answers late or never.
                self._kept[chat_id] = replace(kept, loaded_at=self._clock.monotonic() - self._max_age + _AGAIN_SECONDS)
                return kept.state

    async def reload(self, chat_id: ChatId) -> ChatState | None:
        """As `of`, but not from what is kept: for answers that nobody may be given by mistake."""
        async with self._loading.hold(chat_id):
            return await self._load(chat_id)

    def known(self, chat_id: ChatId) -> ChatState | None:
        """What is kept of a chat, without asking anybody."""
        kept = self._kept.get(chat_id)
        return kept.state if kept else None

    def heard(self, event: ChatEvent) -> None:
        """Take an event in. Again, or late, is harmless."""
        if (waiting := self._heard.get(event.chat_id)) is not None:
            waiting.append(event)
        kept = self._kept.get(event.chat_id)
        if kept is not None and kept.newest == event.event_id:
            # A node hears of everything several times: of its own, by the bus, and of what is stored.
            return
        self._ids.observe(event.event_id)
        if kept is not None:
            self._kept[event.chat_id] = _Kept(apply_to_chat(kept.state, event), kept.loaded_at, event.event_id)

    async def listen(self) -> None:
        """Hear what other nodes record, until cancelled."""
        try:
            while True:
                for message in await self._subscription.receive():
                    await self._take(message)
        finally:
            await self._subscription.close()

    async def _take(self, message: BusMessage | BusGap) -> None:
        if isinstance(message, BusGap):
            gone = list(self._kept)
            self._kept.clear()
            await self._unwatch(gone)
            return
        try:
            news = unpack(message.payload)
        except ValueError:
            self._log.warning("unreadable news on the bus", channel=message.channel)
            return
        if isinstance(news, StoredEvent):
            self.heard(news.event)

    def _fresh(self, chat_id: ChatId) -> ChatState | None:
        kept = self._kept.get(chat_id)
        if kept is None or self._clock.monotonic() - kept.loaded_at > self._max_age:
            return None
        self._kept.move_to_end(chat_id)
        return kept.state

    async def _load(self, chat_id: ChatId) -> ChatState | None:
        await self._watch(chat_id)
        try:
            state = await self._ask(chat_id)
        except BaseException:
            await self._unwatch([chat_id])
            raise
        await self._replace(chat_id, state)
        return state

    async def _ask(self, chat_id: ChatId) -> ChatState | None:
        # What happens while the store is asked may be missing in its answer.
        heard = self._heard[chat_id] = []
        try:
            state = await self._history.chat(chat_id)
        finally:
            del self._heard[chat_id]
        for event in heard:
            state = apply_to_chat(state, event)
        return state

    async def _replace(self, chat_id: ChatId, state: ChatState | None) -> None:
        gone = [chat_id] if self._kept.pop(chat_id, None) else []
        if state is None:
            gone.append(chat_id)
        else:
            self._kept[chat_id] = _Kept(state, self._clock.monotonic())
        while len(self._kept) > self._capacity:
            gone.append(self._kept.popitem(last=False)[0])
        await self._unwatch(gone)

    async def _watch(self, chat_id: ChatId) -> None:
        channel = _channel(chat_id)
        self._watched[channel] += 1
        if self._watched[channel] == 1:
            await self._subscription.add([channel])

    async def _unwatch(self, chat_ids: Iterable[ChatId]) -> None:
        idle: list[str] = []
        for channel in map(_channel, chat_ids):
            self._watched[channel] -= 1
            if not self._watched[channel]:
                del self._watched[channel]
                idle.append(channel)
        if idle:
            await self._subscription.remove(idle)


def _channel(chat_id: ChatId) -> str:
    """Where everything that happens in the chat is heard of, but for what people delete for themselves."""
    return user_channel(chat_id.members[0]) if chat_id.is_direct else chat_channel(chat_id)
