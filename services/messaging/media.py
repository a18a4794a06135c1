"""Checks of files that a user attaches to a message or sets as a group's picture."""

import asyncio
from collections.abc import Sequence

from history.model import AttachedMedia
from kernel.errors import invalid_field
from kernel.ids import UserId
from services.messaging.errors import media_forbidden
from services.messaging.model import MediaFile, MediaPurpose
from services.messaging.ports import MediaLibrary


async def attachments(library: MediaLibrary, media_ids: Sequence[str], sender: UserId) -> tuple[AttachedMedia, ...]:
    """Return the files in the given order.

    Raise MEDIA_FORBIDDEN unless the sender uploaded all of them, and INVALID_FIELD if one is not for messages.
    """
    files = await asyncio.gather(*map(library.media, media_ids))
    for file in files:
        _require(file, owner=sender, purpose=MediaPurpose.MESSAGE, field="media_ids")
    return tuple(file.media for file in files)


async def require_avatar(library: MediaLibrary, media_id: str, user_id: UserId) -> None:
    """Raise MEDIA_FORBIDDEN or INVALID_FIELD unless the id is empty or the user uploaded the file as an avatar."""
    if media_id:
        file = await library.media(media_id)
        _require(file, owner=user_id, purpose=MediaPurpose.AVATAR, field="avatar_media_id")


def _require(file: MediaFile, *, owner: UserId, purpose: MediaPurpose, field: str) -> None:
    if file.owner_id != owner:
        raise media_forbidden(file.media.media_id)
    if file.purpose is not purpose:
        raise invalid_field(field, f"must be a file uploaded with purpose {purpose.name}, not {file.purpose.name}")
