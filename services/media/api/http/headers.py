"""The headers of a served file, which keep browsers from doing more with it than showing or saving it."""

import re
from urllib.parse import quote

from services.media.inspect import IMAGE_TYPES
from services.media.model import THUMBNAIL_TYPE, Media, Variant

# Beside letters and digits, what RFC 8187 leaves as it is.
_PLAIN = "!#$&+^`|"
_NOT_FALLBACK = re.compile(r'[^\x20-\x7e]|["\\%]')


def entity_tag(media: Media, variant: Variant) -> str:
    """A strong one: a thumbnail is made once, of these bytes."""
    return f'"{media.sha256}"' if variant is Variant.ORIGINAL else f'"{media.sha256}-{variant.value}"'


def file_headers(media: Media, variant: Variant) -> dict[str, str]:
    """All but those that depend on the range."""
    thumbnail = variant is Variant.THUMBNAIL
    content_type = THUMBNAIL_TYPE if thumbnail else media.content_type
    kind = "inline" if content_type in IMAGE_TYPES else "attachment"
    return {
        # Text was let in only as UTF-8.
        "content-type": f"{content_type}; charset=utf-8" if content_type == "text/plain" else content_type,
        "content-disposition": content_disposition(kind, "thumbnail.webp" if thumbnail else media.file_name),
        "etag": entity_tag(media, variant),
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }


def content_disposition(kind: str, file_name: str) -> str:
    """With the name as it is (RFC 8187), and one that every client understands."""
    fallback = _NOT_FALLBACK.sub("_", file_name)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(file_name, safe=_PLAIN)}"
