"""MediaService over gRPC. Handlers unpack, call a use case and pack."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from chatly.media.v1 import media_service_pb2 as pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceServicer

from kernel.errors import invalid_field
from kernel.grpc.context import current_user
from kernel.grpc.time import timestamp
from kernel.ids import UserId
from services.media.api.mapping import media_id, media_pb, upload_request, variant
from services.media.complete_upload import CompleteUpload
from services.media.downloads import Download, GetDownloadUrl
from services.media.erase_user import EraseUser
from services.media.get_media import GetMedia
from services.media.model import MAX_PART_BYTES
from services.media.upload import BodyTime, Upload
from services.media.uploads import Uploads

# Each step costs as much as a call, however short it is.
_MAX_SMALL_STEPS = 1_000
_MIN_STEP_BYTES = 256
Context = grpc.aio.ServicerContext[Any, Any]


class MediaServicer(MediaServiceServicer):
    def __init__(
        self,
        *,
        upload: Upload,
        body_time: BodyTime,
        uploads: Uploads,
        complete_upload: CompleteUpload,
        get_media: GetMedia,
        download: Download,
        get_download_url: GetDownloadUrl,
        erase_user: EraseUser,
    ) -> None:
        self._upload = upload
        self._body_time = body_time
        self._uploads = uploads
        self._complete_upload = complete_upload
        self._get_media = get_media
        self._download = download
        self._get_download_url = get_download_url
        self._erase_user = erase_user

    async def Upload(self, request_iterator: AsyncIterator[pb.UploadRequest], context: Context) -> pb.UploadResponse:
        steps = aiter(request_iterator)
        first = await anext(steps, None)
        if first is None or first.WhichOneof("step") != "start":
            raise invalid_field("start", "must be the first step")
        body = self._body_time.limit(_data(steps))
        media = await self._upload(upload_request(first.start), body, owner=current_user().user_id)
        return pb.UploadResponse(media=media_pb(media))

    async def CreateUpload(self, request: pb.CreateUploadRequest, context: Context) -> pb.CreateUploadResponse:
        upload = await self._uploads.create(upload_request(request.start), owner=current_user().user_id)
        return pb.CreateUploadResponse(
            upload_id=upload.upload_id, max_part_bytes=MAX_PART_BYTES, expires_at=timestamp(upload.expires_at)
        )

    async def UploadPart(self, request: pb.UploadPartRequest, context: Context) -> pb.UploadPartResponse:
        received = await self._uploads.add_part(
            media_id(request.upload_id), request.data, offset=request.offset, owner=current_user().user_id
        )
        return pb.UploadPartResponse(received_bytes=received)

    async def GetUpload(self, request: pb.GetUploadRequest, context: Context) -> pb.GetUploadResponse:
        progress = await self._uploads.get(media_id(request.upload_id), owner=current_user().user_id)
        return pb.GetUploadResponse(
            received_bytes=progress.received_bytes,
            size_bytes=progress.upload.request.size_bytes,
            expires_at=timestamp(progress.upload.expires_at),
        )

    async def CompleteUpload(self, request: pb.CompleteUploadRequest, context: Context) -> pb.CompleteUploadResponse:
        media = await self._complete_upload(media_id(request.upload_id), owner=current_user().user_id)
        return pb.CompleteUploadResponse(media=media_pb(media))

    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        media = await self._get_media(media_id(request.media_id), reader=current_user().user_id)
        return pb.GetMediaResponse(media=media_pb(media))

    async def Download(self, request: pb.DownloadRequest, context: Context) -> AsyncIterator[pb.DownloadResponse]:
        media = await self._get_media(media_id(request.media_id), reader=current_user().user_id)
        response = pb.DownloadResponse(media=media_pb(media))
        async for chunk in self._download(media, variant(request.variant), offset=request.offset):
            response.data = chunk
            yield response
            response = pb.DownloadResponse()
        if response.HasField("media"):
            yield response

    async def GetDownloadUrl(self, request: pb.GetDownloadUrlRequest, context: Context) -> pb.GetDownloadUrlResponse:
        link = await self._get_download_url(
            media_id(request.media_id), variant(request.variant), reader=current_user().user_id
        )
        return pb.GetDownloadUrlResponse(url=link.url, expires_at=timestamp(link.expires_at))

    async def EraseUser(self, request: pb.EraseUserRequest, context: Context) -> pb.EraseUserResponse:
        return pb.EraseUserResponse(deleted_picture_count=await self._erase_user(UserId(request.user_id.lower())))


async def _data(steps: AsyncIterator[pb.UploadRequest]) -> AsyncIterator[bytes]:
    received = count = 0
    async for step in steps:
        if step.WhichOneof("step") != "data":
            raise invalid_field("start", "must be the first step only")
        received, count = received + len(step.data), count + 1
        if count > _MAX_SMALL_STEPS and received < count * _MIN_STEP_BYTES:
            raise invalid_field(
                "data", f"after {_MAX_SMALL_STEPS} steps, an average of at least {_MIN_STEP_BYTES} bytes"
            )
        yield step.data
