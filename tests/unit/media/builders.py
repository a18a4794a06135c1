"""Builders of files, uploads and chats."""

from typing import Any

from kernel.ids import UserId
from services.media.model import Media, MediaId, PendingUpload, Purpose, UploadRequest
from tests.builders import NOON, an_id


def a_media(**chosen: Any) -> Media:
    facts: dict[str, Any] = {
        "media_id": MediaId(an_id()),
        "owner_id": UserId(an_id()),
        "purpose": Purpose.MESSAGE,
        "content_type": "application/pdf",
        "file_name": "report.pdf",
        "size_bytes": 1_000,
        "sha256": "ab" * 32,
        "width": 0,
        "height": 0,
        "thumbnail_bytes": 0,
        "created_at": NOON,
    }
    return Media(**facts | chosen)


def an_upload(**chosen: Any) -> PendingUpload:
    facts: dict[str, Any] = {
        "upload_id": MediaId(an_id()),
        "owner_id": UserId(an_id()),
        "request": UploadRequest(file_name="report.pdf", size_bytes=10, sha256="cd" * 32),
        "limit_bytes": 10,
        "expires_at": NOON,
    }
    return PendingUpload(**facts | chosen)


def a_direct_chat(one: str, other: str) -> str:
    return "_".join(sorted([one, other]))
