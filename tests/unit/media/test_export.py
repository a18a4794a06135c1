"""The archive of an export is never in memory as a whole."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from services.media.export import ExportData
from services.media.zip_stream import ZipStream
from tests.builders import an_id
from tests.fakes import FakeClock

_MESSAGE = {"text": "words " * 20, "attachments": []}


class ManyMessages:
    """OwnData of a user with 20,000 messages."""

    async def documents(self) -> AsyncIterator[tuple[str, Any]]:
        yield "profile.json", {}

    async def chats(self) -> AsyncIterator[Sequence[Any]]:
        for _ in range(0):
            yield []

    async def people(self, user_ids: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
        for _ in user_ids:
            yield []

    async def reactions(self) -> AsyncIterator[Sequence[Any]]:
        yield []

    async def messages(self) -> AsyncIterator[Sequence[Any]]:
        for number in range(100):
            yield [{**_MESSAGE, "message_id": f"{number} {at} {an_id()}"} for at in range(200)]


class NoFiles:
    async def of_user(self, owner_id: str) -> list[str]:
        return []

    async def message_files(self, owner_id: str) -> list[str]:
        return []


async def test_parts_are_small_however_many_messages_there_are() -> None:
    export = ExportData(
        own=ManyMessages(),
        media=NoFiles(),  # type: ignore[arg-type]
        pictures=NoFiles(),  # type: ignore[arg-type]
        blobs=NoFiles(),  # type: ignore[arg-type]
        clock=FakeClock(),
    )

    sizes = [len(part) async for part in export(an_id())]  # type: ignore[arg-type]

    assert sum(sizes) > 100_000
    assert max(sizes) < 50_000


def test_an_archive_returns_each_byte_once() -> None:
    archive = ZipStream()
    with archive.entry("one", compress=False) as entry:
        first = entry.add(b"x" * 1_000)
    rest = archive.finish()

    assert first.count(b"x" * 1_000) == 1
    assert b"x" * 10 not in rest
