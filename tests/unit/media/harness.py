"""Fakes for the ports of media."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kernel.ids import UserId
from kernel.log.epochs import LogEpoch, RecordMark, record_hash
from kernel.log.ports import LogRecord
from services.media.model import (
    FilesSent,
    LogChange,
    Media,
    MediaId,
    MessageKey,
    MessagePage,
    MessageRemoved,
    PendingRemoval,
    StoredFilesPage,
    StoreProgress,
)


@dataclass
class FakeMediaStore:
    files: dict[MediaId, Media] = field(default_factory=dict)
    deleted: list[MediaId] = field(default_factory=list)

    async def add(self, media: Media) -> None:
        self.files.setdefault(media.media_id, media)

    async def find(self, media_id: MediaId) -> Media | None:
        return self.files.get(media_id)

    async def message_files(self, owner_id: UserId) -> Sequence[MediaId]:
        return [each.media_id for each in self.files.values() if each.owner_id == owner_id]

    async def pending_deletion(self, *, limit: int) -> Sequence[MediaId]:
        return self.deleted[:limit]

    async def mark_purged(self, media_id: MediaId) -> None:
        self.deleted.remove(media_id)


@dataclass
class MemoryBookmark:
    """LogBookmark in memory."""

    known: list[LogEpoch] = field(default_factory=list)
    applied: dict[int, RecordMark] = field(default_factory=dict)

    async def epochs(self) -> Sequence[LogEpoch]:
        return list(self.known)

    async def begin(self, epoch: LogEpoch) -> bool:
        self.known.append(epoch)
        return True

    async def marks(self) -> Mapping[int, RecordMark]:
        return dict(self.applied)

    async def save(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            self.applied[record.position.partition] = RecordMark(record.position.offset, record_hash(record.value))


@dataclass
class FakeSentFiles:
    known: dict[MediaId, list[MessageKey]] = field(default_factory=dict)
    applied: list[LogChange] = field(default_factory=list)
    unsent: list[MediaId] = field(default_factory=list)
    unsent_before: datetime | None = None
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next calls of `apply`."""
    _grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, changes: Sequence[LogChange]) -> Sequence[MediaId]:
        if self.failures:
            raise self.failures.pop(0)
        self.applied.extend(changes)
        self._grown.set()
        return []

    async def until_applied(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.applied) < count:
                await self._grown.wait()
                self._grown.clear()

    async def messages_with(self, media_id: MediaId) -> Sequence[MessageKey]:
        return self.known.get(media_id, [])

    async def messages(self, *, after: str, limit: int) -> MessagePage:
        return MessagePage([], "")

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        self.unsent_before = before
        found, self.unsent = self.unsent[:limit], self.unsent[limit:]
        return found


@dataclass
class MemoryRemovals:
    """PendingRemovals in memory."""

    pending: dict[MessageKey, PendingRemoval] = field(default_factory=dict)

    async def add(self, messages: Sequence[MessageKey], *, due_at: datetime) -> None:
        for message in messages:
            self.pending.setdefault(message, PendingRemoval(message, 0, due_at))

    async def due(self, now: datetime, *, limit: int) -> Sequence[PendingRemoval]:
        return [each for each in self.pending.values() if each.due_at <= now][:limit]

    async def postpone(self, removal: PendingRemoval, *, until: datetime) -> None:
        self.pending[removal.message] = PendingRemoval(removal.message, removal.attempts + 1, until)

    async def remove(self, removal: PendingRemoval) -> None:
        self.pending.pop(removal.message)


_PAGE = 50


@dataclass
class FakeStoredMessages:
    """StoredMessages with the removals in `stored`."""

    stored: set[MessageRemoved] = field(default_factory=set)
    sends: list[FilesSent] = field(default_factory=list)
    asked: list[MessageKey] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    """The keys of the pages of files that were asked for."""
    epoch: str = "first"
    offset: int = 1_000_000
    """The last stored offset of the only partition."""

    async def files(self, *, after: str) -> StoredFilesPage:
        self.pages.append(after)
        start = int(after or 0)
        end = start + _PAGE
        removed = {each.key for each in self.stored}
        page = [each for each in self.sends[start:end] if MessageKey(each.chat_id, each.message_id) not in removed]
        return StoredFilesPage(page, str(end) if end < len(self.sends) else "")

    async def progress(self) -> StoreProgress:
        return StoreProgress(self.epoch, {0: self.offset})

    async def removed(self, messages: Sequence[MessageKey]) -> Sequence[MessageRemoved]:
        self.asked.extend(messages)
        return [each for each in self.stored if each.key in messages]


@dataclass
class FakeKnownSends:
    end: int = -1
    known: int = 1_000_000
    """The end of the log up to which all sends are known."""

    async def moment(self) -> Mapping[int, int]:
        return {0: self.end}

    async def are_complete(self, ends: Mapping[int, int]) -> bool:
        return ends[0] <= self.known


@dataclass
class FakeLogProgress:
    behind: bool = False
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    applied: asyncio.Event = field(default_factory=asyncio.Event)

    async def is_behind(self) -> bool:
        self.checked.set()
        return self.behind

    async def wait(self, seconds: float) -> None:
        await self.applied.wait()


@dataclass
class FakeGroups:
    visible: dict[UserId, set[str]] = field(default_factory=dict)
    """The messages that each user may see."""
    calls: list[Sequence[str]] = field(default_factory=list)

    async def sees_any(self, chat_id: str, message_ids: Sequence[str], user_id: UserId) -> bool:
        self.calls.append(message_ids)
        return not self.visible.get(user_id, set()).isdisjoint(message_ids)
