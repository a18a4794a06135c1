"""Hot tail in Redis, shared by all nodes.

All keys of a command are in one slot, so that it works on a Redis Cluster. Every command is idempotent, so any node
may refill the tail at any time. Reads ignore entries at or below the watermark.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from history.audience import users_of
from history.chat_id import ChatId
from history.codec import pack_lasting, unpack
from history.fold import send_of
from history.model import LogEvent
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.redis.handle import Call, RedisHandle, Script
from kernel.redis.protocol import Part
from kernel.telemetry.logs import logger

# The lifetime of keys removes entries that a dead node left behind. The lifetime is longer than any expected outage of
# the persister.
_TAIL_TTL_SECONDS = 3 * 24 * 60 * 60
_TRIMMED_AT_ONCE = 500
# Redis serves no other call while it runs a script, so a script gets a limited number of keys.
_KEYS_AT_ONCE = 500

# Each key has a kind and a value. An event goes into a hash. A note, which refers to an event, goes into a sorted set.
# The floor, if there is one, comes first: below it nothing is added.
_ADD = Script.of("""
local offset, ttl = ARGV[1], ARGV[2]
for i, key in ipairs(KEYS) do
  local kind, value = ARGV[2 * i + 1], ARGV[2 * i + 2]
  if kind == 'floor' then
    if tonumber(redis.call('GET', key) or -1) >= tonumber(offset) then return 0 end
  else
    if kind == 'note' then redis.call('ZADD', key, 'GT', offset, value) else redis.call('HSET', key, offset, value) end
    redis.call('EXPIRE', key, ttl)
  end
end
return 1
""")
_RAISE_FLOOR = Script.of("""
if tonumber(redis.call('GET', KEYS[1]) or -1) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
""")
_TAKE_STORED = Script.of("""
local stored = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #stored > 0 then redis.call('ZREM', KEYS[1], unpack(stored)) end
return stored
""")
_FORGET = Script.of("""
for i, key in ipairs(KEYS) do
  local kind, value = ARGV[2 * i - 1], ARGV[2 * i]
  redis.call(kind == 'note' and 'ZREM' or 'HDEL', key, value)
end
""")
# Keeps a note whose score is not the one that the caller read: the note was added once more in the meantime.
_DROP_NOTES = Script.of("""
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
""")


_Entry = tuple[str, str, Part]
"""Key, kind and value of an entry, for _ADD and _FORGET."""


@dataclass(frozen=True, slots=True)
class _Note:
    """A reference to an event by chat and offset, as a member of sorted sets.

    `send` has the sender and the client_message_id of a send. For other events, `send` is empty.
    """

    offset: int
    chat_id: ChatId
    send: str

    def __str__(self) -> str:
        return f"{self.offset}|{self.chat_id}|{self.send}"

    @classmethod
    def of(cls, event: LogEvent) -> "_Note":
        return cls(event.position.offset, event.event.chat_id, _send_of(event))

    @classmethod
    def read(cls, member: bytes) -> "_Note":
        offset, chat_id, send = member.decode().split("|", 2)
        return cls(int(offset), ChatId(chat_id), send)


class RedisHotTail:
    """HotTail over Redis.

    All keys begin with `tail:<log>:`. `events:<chat>` is a hash of a chat's events by offset. The other keys are sorted
    sets with offsets as scores: `waiting:<partition>` has all events of a partition, `user:<user>` has the chats with
    events that name the user, and `send:<sender>:<name>` has the copies of a send. `floor:<partition>` is the ordinal
    up to which events are refused.
    """

    def __init__(self, *, redis: RedisHandle, log_id: str) -> None:
        """`log_id` identifies the log of the offsets. Each log has its own tail."""
        self._redis = redis
        self._prefix = redis.key(f"tail:{log_id}:")
        self._floor: dict[int, int] = {}

    async def add(self, event: LogEvent) -> bool:
        partition, offset = event.position.partition, event.position.offset
        if self._is_stored(event.position):
            return True
        note = _Note.of(event)
        # The note in `waiting` leads to trimming, so it goes first. An interrupted add is then trimmed too.
        entries: list[_Entry] = [
            (self._floor_key(partition), "floor", ""),
            (self._waiting(partition), "note", str(note)),
        ]
        entries += [(self._user(user_id), "note", f"{partition}|{note.chat_id}") for user_id in users_of(event.event)]
        if note.send:
            entries.append((self._send(note.send), "note", f"{partition}|{note}"))
        entries.append((self._events(note.chat_id), "event", pack_lasting(event)))
        return all(await self._redis.run_all(_ADD, self._calls(entries, offset, _TAIL_TTL_SECONDS)))

    async def refuse(self, floors: Mapping[int, int]) -> None:
        calls = [Call([self._floor_key(each)], [floor, _TAIL_TTL_SECONDS]) for each, floor in floors.items()]
        await self._redis.run_all(_RAISE_FLOOR, calls)

    async def events(self, chat_ids: Collection[ChatId]) -> Mapping[ChatId, Sequence[LogEvent]]:
        chats = list(chat_ids)
        values = await self._redis.ask([("HVALS", self._events(chat_id)) for chat_id in chats])
        kept = {chat_id: self._not_stored(found) for chat_id, found in zip(chats, values, strict=True)}
        return {chat_id: events for chat_id, events in kept.items() if events}

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        key = self._user(user_id)
        (found,) = await self._redis.ask([("ZRANGE", key, 0, -1, "WITHSCORES")])
        chats: list[ChatId] = []
        done: list[bytes] = []
        for member, score in zip(found[::2], found[1::2], strict=True):
            partition, chat_id = member.decode().split("|", 1)
            if self._is_stored(LogPosition(int(partition), int(score))):
                done += (member, score)
            else:
                chats.append(ChatId(chat_id))
        if done:
            await self._redis.run(_DROP_NOTES, [key], *done)
        return chats

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> LogEvent | None:
        (members,) = await self._redis.ask([("ZRANGE", self._send(f"{sender_id}:{client_message_id}"), 0, -1)])
        for member in members:
            _, _, position = member.partition(b"|")
            note = _Note.read(position)
            values = await self._redis.ask([("HGET", self._events(note.chat_id), note.offset)])
            if found := self._not_stored(values):
                return found[0]
        return None

    async def trim(self, stored: Mapping[int, int]) -> None:
        for partition, offset in stored.items():
            self._floor[partition] = max(offset, self._floor.get(partition, -1))
        await asyncio.gather(*(self._forget(partition, self._floor[partition]) for partition in stored))

    async def _forget(self, partition: int, offset: int) -> None:
        """Drop the events of a partition up to an offset.

        If several nodes trim at once, each note is taken by exactly one node.
        """
        taken = _TRIMMED_AT_ONCE
        while taken == _TRIMMED_AT_ONCE:
            members = await self._redis.run(_TAKE_STORED, [self._waiting(partition)], offset, _TRIMMED_AT_ONCE)
            notes = [_Note.read(member) for member in members]
            entries: list[_Entry] = [(self._events(note.chat_id), "event", note.offset) for note in notes]
            entries += [(self._send(note.send), "note", f"{partition}|{note}") for note in notes if note.send]
            await self._redis.run_all(_FORGET, self._calls(entries))
            taken = len(members)

    def _not_stored(self, values: Iterable[bytes | None]) -> Sequence[LogEvent]:
        """Decode the values and return the events that are not stored yet, in log order. None values are skipped."""
        found = [_unpacked(value) for value in values if value is not None]
        events = [event for event in found if event is not None and not self._is_stored(event.position)]
        return sorted(events, key=lambda event: event.position.offset)

    def _is_stored(self, position: LogPosition) -> bool:
        return position.offset <= self._floor.get(position.partition, -1)

    def _calls(self, entries: Iterable[_Entry], *first: Part) -> list[Call]:
        """Group entries into calls. Each call has keys of one slot, and at most _KEYS_AT_ONCE keys."""
        slots: defaultdict[int, list[_Entry]] = defaultdict(list)
        for entry in entries:
            slots[self._redis.slot(entry[0])].append(entry)
        parts = (some[at : at + _KEYS_AT_ONCE] for some in slots.values() for at in range(0, len(some), _KEYS_AT_ONCE))
        return [
            Call([key for key, _, _ in part], [*first, *(text for _, kind, value in part for text in (kind, value))])
            for part in parts
        ]

    def _events(self, chat_id: ChatId) -> str:
        return f"{self._prefix}events:{chat_id}"

    def _floor_key(self, partition: int) -> str:
        # In a cluster, the braces put it into the slot of `waiting`.
        return f"{self._prefix}floor:{{{self._waiting(partition)}}}"

    def _waiting(self, partition: int) -> str:
        return f"{self._prefix}waiting:{partition}"

    def _user(self, user_id: UserId) -> str:
        return f"{self._prefix}user:{user_id}"

    def _send(self, send: str) -> str:
        return f"{self._prefix}send:{send}"


def _send_of(event: LogEvent) -> str:
    sender_id, client_message_id = send_of(event.event) or ("", "")
    return f"{sender_id}:{client_message_id}" if sender_id else ""


def _unpacked(value: bytes) -> LogEvent | None:
    try:
        event = unpack(value)
    except ValueError as error:
        # The value may come from a newer version of Chatly. The log still has the event.
        logger("history").warning("unreadable event in the hot tail", error=str(error))
        return None
    return event if isinstance(event, LogEvent) else None
