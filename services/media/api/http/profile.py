"""`PUT /api/profile/me` as a form, with the new picture in it. As JSON it is the edge's business."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kernel.errors import invalid_field
from kernel.http.app import authenticate
from kernel.ids import UserId
from services.media.api.http.form import is_form, read_form
from services.media.model import Announcement, Purpose
from services.media.ports import Profiles
from services.media.upload import Upload

_FIELDS = {"username", "bio"}


class ProfileDoor:
    """Stores the picture, then lets the auth service change the profile."""

    def __init__(self, *, upload: Upload, profiles: Profiles) -> None:
        self._upload = upload
        self._profiles = profiles

    def route(self) -> Route:
        return Route("/api/profile/me", self.change, methods=["PUT"])

    async def change(self, request: Request) -> Response:
        caller = await authenticate(request)
        content_type = request.headers.get("content-type", "")
        if not is_form(content_type):
            raise invalid_field("content-type", "must be multipart/form-data")
        try:
            changes = await self._read(request, content_type, caller.user_id)
        except ClientDisconnect:
            # Nobody is there to read it.
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return JSONResponse(await self._profiles.update(changes))

    async def _read(self, request: Request, content_type: str, user: UserId) -> dict[str, str]:
        changes: dict[str, str] = {}
        async for part in read_form(content_type, request.stream()):
            if part.name in _FIELDS and part.file_name is None:
                changes[part.name] = await part.text()
            # A browser sends a file field that was left empty, too, with an empty name.
            elif part.name == "avatar" and part.file_name:
                announced = Announcement(file_name=part.file_name, purpose=Purpose.AVATAR)
                picture = await self._upload(announced, part.chunks, owner=user)
                changes["avatar_media_id"] = picture.media_id
        return changes
