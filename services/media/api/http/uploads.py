"""Uploads over HTTP: `POST /api/upload/message`, and `PUT /api/profile/me` for a form with an avatar.

The file of a message is either the form field `file`, or the whole body with the query parameter `file_name`. The edge
itself handles `PUT /api/profile/me` with JSON.
"""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kernel.errors import invalid_field
from kernel.http.app import authenticate
from kernel.ids import UserId
from services.media.api.http.form import is_form, read_form
from services.media.api.mapping import media_json
from services.media.model import Media, Purpose, UploadRequest
from services.media.ports import Profiles
from services.media.upload import BodyTime, Upload

_PROFILE_FIELDS = {"username", "bio"}
_COUNTS_AS = "chatly.media.v1.MediaService/Upload"


class UploadApi:
    def __init__(self, *, upload: Upload, body_time: BodyTime) -> None:
        self._upload = upload
        self._body_time = body_time

    def route(self) -> Route:
        return Route("/api/upload/message", self.upload, methods=["POST"])

    async def upload(self, request: Request) -> Response:
        caller = await authenticate(request, counts_as=_COUNTS_AS)
        content_type = request.headers.get("content-type", "")
        try:
            if is_form(content_type):
                media = await self._from_form(request, content_type, caller.user_id)
            else:
                media = await self._from_body(request, caller.user_id)
        except ClientDisconnect:
            # The client has disconnected and will not read this response.
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return JSONResponse(media_json(media))

    async def _from_form(self, request: Request, content_type: str, owner: UserId) -> Media:
        media: Media | None = None
        async for part in read_form(content_type, self._body_time.limit(request.stream())):
            if part.name == "file" and part.file_name and media is None:
                media = await self._upload(UploadRequest(file_name=part.file_name), part.chunks, owner=owner)
        if media is None:
            raise invalid_field("file", "the form has no file in this field")
        return media

    async def _from_body(self, request: Request, owner: UserId) -> Media:
        file_name = request.query_params.get("file_name", "")
        if not file_name:
            raise invalid_field("file_name", "is required when the body is the file")
        body = self._body_time.limit(request.stream())
        return await self._upload(UploadRequest(file_name=file_name), body, owner=owner)


class ProfileApi:
    """Stores the avatar in media, then updates the profile in auth."""

    def __init__(self, *, upload: Upload, body_time: BodyTime, profiles: Profiles) -> None:
        self._upload = upload
        self._body_time = body_time
        self._profiles = profiles

    def route(self) -> Route:
        return Route("/api/profile/me", self.update, methods=["PUT"])

    async def update(self, request: Request) -> Response:
        caller = await authenticate(request, counts_as=_COUNTS_AS)
        content_type = request.headers.get("content-type", "")
        if not is_form(content_type):
            raise invalid_field("content-type", "must be multipart/form-data")
        try:
            changes = await self._read(request, content_type, caller.user_id)
        except ClientDisconnect:
            # The client has disconnected and will not read this response.
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return JSONResponse(await self._profiles.update(changes))

    async def _read(self, request: Request, content_type: str, user: UserId) -> dict[str, str]:
        changes: dict[str, str] = {}
        async for part in read_form(content_type, self._body_time.limit(request.stream())):
            if part.name in _PROFILE_FIELDS and part.file_name is None:
                changes[part.name] = await part.text()
            # For a field without a file, browsers send a file with an empty name.
            elif part.name == "avatar" and part.file_name:
                avatar = UploadRequest(file_name=part.file_name, purpose=Purpose.AVATAR)
                picture = await self._upload(avatar, part.chunks, owner=user)
                changes["avatar_media_id"] = picture.media_id
        return changes
