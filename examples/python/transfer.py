"""Uploads and downloads files as streams, checked by their SHA-256."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from chatly.media.v1 import media_service_pb2 as media
from client import Client

PIECE_BYTES = 16 * 1024
TRANSFER_SECONDS = 60.0


async def upload(client: Client, path: Path) -> media.Media:
    """Upload a file for a message. The server removes EXIF data from a picture, so its SHA-256 changes."""
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
    """Return the bytes of a file. Raise ValueError if their SHA-256 is not the server's."""
    request = media.DownloadRequest(media_id=media_id)
    described, content = media.Media(), bytearray()
    async for part in client.media.Download(request, timeout=TRANSFER_SECONDS, metadata=client.metadata()):
        if part.HasField("media"):
            described = part.media
        content += part.data
    if hashlib.sha256(content).hexdigest() != described.sha256:
        raise ValueError(f"{described.file_name}: SHA-256 does not match")
    return bytes(content)
