"""Files that a user puts into a message or on a group: theirs, and uploaded for just that."""

import asyncio
from collections.abc import Sequence

from history.model import AttachedMedia
from kernel.errors import denied, invalid_field
from kernel.ids import UserId
from services.messaging.errors import MessagingReason
from services.messaging.model import MediaFile, MediaPurpose
from services.messaging.ports import MediaLibrary


async def attachments(library: MediaLibrary, media_ids: Sequence[str], sender: UserId) -> tuple[AttachedMedia, ...]:
    """The files in the given order; raise MEDIA_FORBIDDEN unless all are the sender's own."""
    files = await asyncio.gather(*map(library.media, media_ids))
    for file in files:
        _require(file, owner=sender, purpose=MediaPurpose.MESSAGE, field="media_ids")
    return tuple(file.media for file in files)


async def require_avatar(library: MediaLibrary, media_id: str, user_id: UserId) -> None:
    """Raise unless it is empty, or a picture that the user uploaded to be one."""
    if media_id:
        file = await library.media(media_id)
        _require(file, owner=user_id, purpose=MediaPurpose.AVATAR, field="avatar_media_id")


def _require(file: MediaFile, *, owner: UserId, purpose: MediaPurpose, field: str) -> None:
    if file.owner_id != owner:
        raise denied(
            MessagingReason.MEDIA_FORBIDDEN, "only the one who uploaded a file may use it", media_id=file.media.media_id
        )
    if file.purpose is not purpose:
        raise invalid_field(field, f"must have been uploaded with purpose {purpose.name}, was {file.purpose.name}")
