"""Conversion of a message's attachments to JSON and back. All stores use the same JSON."""

import json
from collections.abc import Sequence

from history.model import AttachedMedia

EMPTY_LIST = "[]"
"""The JSON of an empty list.

Most messages have no attachments, and a JSON encoder would take longer than the rest of the row.
"""


def media_text(attachments: Sequence[AttachedMedia]) -> str:
    """Return the attachments as JSON."""
    if not attachments:
        return EMPTY_LIST
    return json.dumps([_media_values(media) for media in attachments], ensure_ascii=False)


def media_of(text: str) -> tuple[AttachedMedia, ...]:
    """Parse the JSON that `media_text` returned."""
    return () if text == EMPTY_LIST else tuple(_media(value) for value in json.loads(text))


def _media_values(media: AttachedMedia) -> dict[str, object]:
    return {
        "media_id": media.media_id,
        "content_type": media.content_type,
        "file_name": media.file_name,
        "size_bytes": media.size_bytes,
        "width": media.width,
        "height": media.height,
        "has_thumbnail": media.has_thumbnail,
        "sha256": media.sha256.hex(),
    }


def _media(value: dict[str, str]) -> AttachedMedia:
    fields = dict(value)
    sha256 = bytes.fromhex(fields.pop("sha256"))
    return AttachedMedia(**fields, sha256=sha256)  # type: ignore[arg-type]  # as _media_values wrote them
