"""`GET /api/uploads/{media_id}` returns the bytes of a file, with ranges and conditions.

The request needs an access token or a signed link.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kernel.errors import invalid_field
from kernel.http.app import authenticate
from services.media.downloads import Download, LinkSigner, Signature
from services.media.errors import link_invalid, media_not_found
from services.media.get_media import GetMedia
from services.media.inspect import IMAGE_TYPES
from services.media.model import THUMBNAIL_TYPE, Media, MediaId, Variant

_MAX_DIGITS = 12
_ONE_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)
# Characters that RFC 8187 leaves unquoted, besides letters and digits.
_PLAIN = "!#$&+^`|"
_NOT_FALLBACK = re.compile(r'[^\x20-\x7e]|["\\%]')


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range of bytes, from the first to the last, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiableError(Exception):
    """The range starts beyond the end of the file."""


class DownloadApi:
    def __init__(self, *, get: GetMedia, download: Download, signer: LinkSigner) -> None:
        self._get = get
        self._download = download
        self._signer = signer

    def route(self) -> Route:
        return Route("/api/uploads/{media_id}", self.serve, methods=["GET", "HEAD"])

    async def serve(self, request: Request) -> Response:
        variant = _variant(request)
        media = await self._find(request, variant)
        size, headers = media.size_of(variant), file_headers(media, variant)
        if size == 0:
            raise media_not_found()
        if _matches(request.headers.get("if-none-match"), entity_tag(media, variant)):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        try:
            part = parse_range(_range_header(request, entity_tag(media, variant)), size)
        except NotSatisfiableError:
            unsatisfied = {"content-range": f"bytes */{size}", "accept-ranges": "bytes"}
            return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=unsatisfied)
        return self._response(request, media, variant, part, headers)

    async def _find(self, request: Request, variant: Variant) -> Media:
        media_id = _media_id(request)
        if "sig" in request.query_params:
            self._signer.require_valid(media_id, variant, _signature(request))
            return await self._get.unchecked(media_id)
        caller = await authenticate(request)
        return await self._get(media_id, reader=caller.user_id)

    def _response(
        self, request: Request, media: Media, variant: Variant, part: ByteRange | None, headers: dict[str, str]
    ) -> Response:
        size, status = media.size_of(variant), HTTPStatus.OK
        wanted = part or ByteRange(0, size - 1)
        headers["content-length"] = str(wanted.length)
        if part is not None:
            status, headers["content-range"] = HTTPStatus.PARTIAL_CONTENT, f"bytes {part.first}-{part.last}/{size}"
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        body = self._download(media, variant, offset=wanted.first, length=wanted.length)
        return StreamingResponse(body, status_code=status, headers=headers)


def _media_id(request: Request) -> MediaId:
    try:
        return MediaId(str(UUID(request.path_params["media_id"])))
    except ValueError:
        raise media_not_found() from None


def _variant(request: Request) -> Variant:
    try:
        return Variant(request.query_params.get("variant", Variant.ORIGINAL.value))
    except ValueError:
        raise invalid_field("variant", "must be `original` or `thumbnail`") from None


def _signature(request: Request) -> Signature:
    expiry = request.query_params.get("exp", "")
    if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= _MAX_DIGITS):
        raise link_invalid()
    return Signature(int(expiry), request.query_params["sig"])


def _matches(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    return any(item.strip().removeprefix("W/") in {"*", tag} for item in if_none_match.split(","))


def _range_header(request: Request, tag: str) -> str | None:
    """Return the range header, or None if the method is not GET or `if-range` names another version of the file."""
    if request.method != "GET" or request.headers.get("if-range", tag) != tag:
        return None
    return request.headers.get("range")


def entity_tag(media: Media, variant: Variant) -> str:
    """Return the entity tag. The tag is strong, because a file and its thumbnail never change."""
    return f'"{media.sha256}"' if variant is Variant.ORIGINAL else f'"{media.sha256}-{variant.value}"'


def file_headers(media: Media, variant: Variant) -> dict[str, str]:
    """Return the headers that do not depend on the range. They prevent a browser from executing the file."""
    thumbnail = variant is Variant.THUMBNAIL
    content_type = THUMBNAIL_TYPE if thumbnail else media.content_type
    kind = "inline" if content_type in IMAGE_TYPES else "attachment"
    return {
        # Every text file is UTF-8, because an upload accepts no other text.
        "content-type": f"{content_type}; charset=utf-8" if content_type == "text/plain" else content_type,
        "content-disposition": content_disposition(kind, "thumbnail.webp" if thumbnail else media.file_name),
        "etag": entity_tag(media, variant),
        "accept-ranges": "bytes",
        # The browser asks each time, so a user who has logged out, or another one, does not see its copy.
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }


def content_disposition(kind: str, file_name: str) -> str:
    """Return the Content-Disposition header with the exact file name (RFC 8187) and an ASCII fallback."""
    fallback = _NOT_FALLBACK.sub("_", file_name)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(file_name, safe=_PLAIN)}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the requested range, limited to the size of the file (RFC 9110, chapter 14).

    Return None if the header has no range, several ranges or an invalid range. Raise NotSatisfiableError if the range
    starts beyond the end.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise NotSatisfiableError
    return ByteRange(start, min(end, size - 1))


def _suffix(digits: str, size: int) -> ByteRange | None:
    if not digits:
        return None
    length = min(int(digits), size)
    if length == 0:
        raise NotSatisfiableError
    return ByteRange(size - length, size - 1)
