"""`GET /api/uploads/{media_id}`: a file's bytes, for a token or a signed link."""

from http import HTTPStatus
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kernel.errors import invalid_field
from kernel.http.app import authenticate
from services.media.api.http.headers import entity_tag, file_headers
from services.media.api.http.ranges import ByteRange, NotSatisfiableError, parse_range
from services.media.download import Download
from services.media.errors import media_not_found
from services.media.get_media import GetMedia
from services.media.model import Media, MediaId, Variant
from services.media.signing import LinkSigner, Signature, link_invalid

_MAX_DIGITS = 12


class DownloadDoor:
    """Serves files in pieces, with ranges and conditions."""

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
            refusal = {"content-range": f"bytes */{size}", "accept-ranges": "bytes"}
            return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=refusal)
        return self._answer(request, media, variant, part, headers)

    async def _find(self, request: Request, variant: Variant) -> Media:
        media_id = _media_id(request)
        if "sig" in request.query_params:
            self._signer.require_valid(media_id, variant, _signature(request))
            return await self._get.unchecked(media_id)
        caller = await authenticate(request)
        return await self._get(media_id, reader=caller.user_id)

    def _answer(
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
    """None where ranges do not apply: another method, or a condition on other bytes than these."""
    if request.method != "GET" or request.headers.get("if-range", tag) != tag:
        return None
    return request.headers.get("range")
