"""Hot tail within one process."""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from history.audience import users_of
from history.chat_id import ChatId
from history.fold import send_of
from history.model import LogEvent, Send
from kernel.ids import UserId


class MemoryHotTail:
    """HotTail in the memory of this process. Its size is the number of events that are not stored yet."""

    def __init__(self) -> None:
        self._floor: dict[int, int] = {}
        self._waiting: defaultdict[int, list[tuple[int, ChatId]]] = defaultdict(list)
        self._events: defaultdict[ChatId, list[LogEvent]] = defaultdict(list)
        self._chats: defaultdict[UserId, Counter[ChatId]] = defaultdict(Counter)
        self._sends: defaultdict[Send, list[LogEvent]] = defaultdict(list)

    async def add(self, event: LogEvent) -> bool:
        position, chat_id = event.position, event.event.chat_id
        if position.offset <= self._floor.get(position.partition, -1):
            return True
        kept = self._events[chat_id]
        if not kept or kept[-1].position.offset < position.offset:
            kept.append(event)
        else:
            index = bisect_left(kept, position.offset, key=_offset)
            if kept[index].position == position:
                return True
            kept.insert(index, event)
        heapq.heappush(self._waiting[position.partition], (position.offset, chat_id))
        for user_id in users_of(event.event):
            self._chats[user_id][chat_id] += 1
        if send := send_of(event.event):
            insort(self._sends[send], event, key=_offset)
        return True

    async def refuse(self, floors: Mapping[int, int]) -> None:
        """Refuse nothing: this process adds with the epochs that it trims with."""

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        return {chat_id: tuple(self._events[chat_id]) for chat_id in chat_ids if chat_id in self._events}

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        return tuple(self._chats.get(user_id, ()))

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> LogEvent | None:
        copies = self._sends.get((sender_id, client_message_id))
        return copies[0] if copies else None

    async def trim(self, stored: Mapping[int, int]) -> None:
        for partition, offset in stored.items():
            self._floor[partition] = max(offset, self._floor.get(partition, -1))
            waiting = self._waiting[partition]
            while waiting and waiting[0][0] <= offset:
                self._forget(heapq.heappop(waiting)[1], offset)

    def _forget(self, chat_id: ChatId, offset: int) -> None:
        """Drop the events of a chat up to an offset. All events of a chat are in one partition."""
        kept = self._events.get(chat_id, [])
        end = bisect_right(kept, offset, key=_offset)
        for event in kept[:end]:
            self._unlist(event)
        del kept[:end]
        if not kept:
            self._events.pop(chat_id, None)

    def _unlist(self, event: LogEvent) -> None:
        for user_id in users_of(event.event):
            self._leave(user_id, event.event.chat_id)
        if send := send_of(event.event):
            self._sends[send].remove(event)
            if not self._sends[send]:
                del self._sends[send]

    def _leave(self, user_id: UserId, chat_id: ChatId) -> None:
        chats = self._chats[user_id]
        chats[chat_id] -= 1
        if not chats[chat_id]:
            del chats[chat_id]
        if not chats:
            del self._chats[user_id]


def _offset(event: LogEvent) -> int:
    return event.position.offset
