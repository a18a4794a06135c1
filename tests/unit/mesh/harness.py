"""A data folder as a mesh leaves it, with chats, a group and a file."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from history.codec import encode
from history.model import ChatEvent, Role
from kernel.blob.folder import FolderBlobStore
from kernel.sqlite.database import open_sqlite
from mesh.verify import verify
from services.auth.adapters.sqlite.schema import SCHEMA as AUTH_SCHEMA
from services.media.adapters.sqlite.media import SCHEMA, SqliteMediaStore
from services.media.model import MediaId, Variant, blob_name
from tests.unit.history.builders import A_GROUP, ANN, BOB, CAT, PHOTO, ChatBuilder
from tests.unit.log.harness import Mesh, Run
from tests.unit.media.builders import a_media

CONTENT = b"the bytes of a photo"
THUMBNAIL = b"a thumbnail"
FILE = replace(PHOTO, size_bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).digest())


@dataclass
class DataFolder:
    """A data folder with a chat of Ann and Bob, a group, and a file."""

    mesh: Mesh
    first: ChatEvent
    with_file: ChatEvent

    @property
    def path(self) -> Path:
        return self.mesh.folder

    def execute(self, database: str, statement: str, *params: object) -> None:
        with closing(sqlite3.connect(self.path / database)) as connection, connection:
            assert connection.execute(statement, params).rowcount > 0

    async def verified(self, *, read_files: bool = False) -> tuple[int, str]:
        """Return the exit code and the output of the command."""
        lines: list[str] = []
        environ = {"CHATLY_DATA_DIR": str(self.path)}
        code = await verify(environ, lines.append, read_files=read_files, pause=0)
        return code, "\n".join(lines)


async def a_folder(path: Path) -> DataFolder:
    mesh = Mesh(path)
    chat, group = mesh.chat, ChatBuilder(A_GROUP, clock=mesh.clock)
    first = chat.sent(ANN, "one")
    with_file = chat.sent(BOB, "two", attachments=(FILE,), reply_to=first.event_id)
    deleted, copy = chat.sent(ANN, "a secret", attachments=(PHOTO,)), chat.sent(ANN, "one")
    created = group.created(ANN, BOB, title="Trip")
    retry = replace(copy, change=replace(first.change))
    events = [
        *(first, with_file, deleted, retry, chat.edited(first, "one!"), chat.reacted(BOB, first)),
        *(chat.reacted(BOB, first, present=False), chat.deleted_for_everyone(deleted), chat.deleted_by(BOB, first)),
        *(chat.read_by(ANN, with_file), created, group.sent(BOB, "hello"), group.member_set(ANN, CAT, Role.MEMBER)),
    ]
    async with mesh.run() as run:
        await append(run, events)
        await run.persist()
    await add_file(path)
    async with open_sqlite(path / "auth.db", AUTH_SCHEMA):
        pass
    (path / "secrets").mkdir()
    (path / "secrets" / "service").write_text("a service secret")
    return DataFolder(mesh, first, with_file)


async def append(run: Run, events: list[ChatEvent]) -> None:
    for event in events:
        await run.log.append(event.chat_id, encode(event))


async def add_file(folder: Path, media_id: str = FILE.media_id) -> None:
    """Store a file as media does. By default, it is the file of the chat."""
    media = a_media(
        media_id=MediaId(media_id),
        size_bytes=len(CONTENT),
        sha256=FILE.sha256.hex(),
        thumbnail_bytes=len(THUMBNAIL),
    )
    async with open_sqlite(folder / "media.db", SCHEMA) as database:
        await SqliteMediaStore(database).add(media)
    blobs = FolderBlobStore(folder / "media" / "blobs")
    await blobs.open()
    for variant, content in ((Variant.ORIGINAL, CONTENT), (Variant.THUMBNAIL, THUMBNAIL)):
        await blobs.put(blob_name(media.media_id, variant), one_chunk(content))


async def one_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content


def blob_of(folder: DataFolder, variant: Variant) -> Path:
    (path,) = folder.path.glob(f"media/blobs/*/*+{variant.value}")
    return path


def delete_file(folder: DataFolder, media_id: str) -> None:
    """Delete a file as media does."""
    folder.execute("media.db", "UPDATE media SET state = 2 WHERE media_id = ?", media_id)
    for path in folder.path.glob(f"media/blobs/*/{media_id}+*"):
        path.unlink()
