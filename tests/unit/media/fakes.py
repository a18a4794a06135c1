"""Stand-ins for what the use cases of the media service ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kernel.ids import UserId
from services.media.model import LogChange, Media, MediaId


@dataclass
class FakeMediaStore:
    files: dict[MediaId, Media] = field(default_factory=dict)
    deleted: list[MediaId] = field(default_factory=list)

    async def add(self, media: Media) -> None:
        self.files.setdefault(media.media_id, media)

    async def find(self, media_id: MediaId) -> Media | None:
        return self.files.get(media_id)

    async def condemned(self, *, limit: int) -> Sequence[MediaId]:
        return self.deleted[:limit]

    async def bury(self, media_id: MediaId) -> None:
        self.deleted.remove(media_id)


@dataclass
class FakeSentFiles:
    known: dict[MediaId, list[str]] = field(default_factory=dict)
    applied: list[LogChange] = field(default_factory=list)
    unsent: list[MediaId] = field(default_factory=list)
    asked_before: datetime | None = None
    failures: list[Exception] = field(default_factory=list)
    """Raised by `apply`, one after the other."""
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

    async def chats(self, media_id: MediaId) -> Sequence[str]:
        return self.known.get(media_id, [])

    async def delete_unsent(self, *, before: datetime, limit: int) -> Sequence[MediaId]:
        self.asked_before = before
        found, self.unsent = self.unsent[:limit], self.unsent[limit:]
        return found


@dataclass
class FakeNews:
    behind: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def is_behind(self) -> bool:
        self.asked.set()
        return self.behind

    async def wait(self, seconds: float) -> None:
        await self.arrived.wait()


@dataclass
class FakeGroups:
    members: dict[str, set[UserId]] = field(default_factory=dict)
    questions: int = 0

    async def includes(self, chat_id: str, user_id: UserId) -> bool:
        self.questions += 1
        return user_id in self.members.get(chat_id, set())
