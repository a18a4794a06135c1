"""Files: up in one stream, down in another, checked by their SHA-256."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from chatly.media.v1 import media_service_pb2 as media
from client import Client

PIECE_BYTES = 16 * 1024
TRANSFER_SECONDS = 60.0


async def upload(client: Client, path: Path) -> media.Media:
    """Upload a file for a message. A picture is kept without its EXIF data: its SHA-256 becomes another."""
    content = await asyncio.to_thread(path.read_bytes)

    async def steps() -> AsyncIterator[media.UploadRequest]:
        yield media.UploadRequest(
            start=media.UploadStart(
                file_name=path.name,
                size_bytes=len(content),
                purpose=media.MEDIA_PURPOSE_MESSAGE,
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
        for start in range(0, len(content), PIECE_BYTES):
            yield media.UploadRequest(data=content[start : start + PIECE_BYTES])

    done = await client.media.Upload(steps(), timeout=TRANSFER_SECONDS, metadata=client.metadata())
    return done.media


async def download(client: Client, media_id: str) -> bytes:
    """A file's bytes; raises ValueError if they are not what the server says they are."""
    request = media.DownloadRequest(media_id=media_id)
    described, content = media.Media(), bytearray()
    async for part in client.media.Download(request, timeout=TRANSFER_SECONDS, metadata=client.metadata()):
        if part.HasField("media"):
            described = part.media
        content += part.data
    if hashlib.sha256(content).hexdigest() != described.sha256:
        raise ValueError(f"{described.file_name} came damaged")
    return bytes(content)
