"""`POST /api/upload/message`: a file as a form's field `file`, or as the whole body with `?file_name=`."""

from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kernel.errors import invalid_field
from kernel.http.app import authenticate
from kernel.ids import UserId
from services.media.api.http.form import is_form, read_form
from services.media.api.mapping import media_json
from services.media.model import Announcement, Media
from services.media.upload import Upload


class UploadDoor:
    """Takes files for messages."""

    def __init__(self, *, upload: Upload) -> None:
        self._upload = upload

    def route(self) -> Route:
        return Route("/api/upload/message", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        caller = await authenticate(request)
        content_type = request.headers.get("content-type", "")
        try:
            if is_form(content_type):
                media = await self._from_form(request, content_type, caller.user_id)
            else:
                media = await self._from_body(request, caller.user_id)
        except ClientDisconnect:
            # Nobody is there to read it.
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return JSONResponse(media_json(media))

    async def _from_form(self, request: Request, content_type: str, owner: UserId) -> Media:
        media: Media | None = None
        async for part in read_form(content_type, request.stream()):
            if part.name == "file" and part.file_name and media is None:
                media = await self._upload(Announcement(file_name=part.file_name), part.chunks, owner=owner)
        if media is None:
            raise invalid_field("file", "the form has no file of this name")
        return media

    async def _from_body(self, request: Request, owner: UserId) -> Media:
        file_name = request.query_params.get("file_name", "")
        if not file_name:
            raise invalid_field("file_name", "is needed where the body is the file itself")
        return await self._upload(Announcement(file_name=file_name), request.stream(), owner=owner)
