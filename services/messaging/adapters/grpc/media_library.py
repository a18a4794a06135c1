"""Files asked of the media service, in the name of the calling user."""

import grpc
from chatly.media.v1 import media_service_pb2 as pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub

from history.model import AttachedMedia
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from services.messaging.model import MediaFile, MediaPurpose


class GrpcMediaLibrary:
    """MediaLibrary."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel` hands on the calling user's token."""
        self._media = MediaServiceStub(channel)

    async def media(self, media_id: str) -> MediaFile:
        try:
            media = (await self._media.GetMedia(pb.GetMediaRequest(media_id=media_id))).media
        except grpc.RpcError as error:
            raise from_rpc_error("media", error) from error
        is_avatar = media.purpose == pb.MEDIA_PURPOSE_AVATAR
        return MediaFile(
            owner_id=UserId(media.owner_id),
            purpose=MediaPurpose.AVATAR if is_avatar else MediaPurpose.MESSAGE,
            media=_attached(media),
        )


def _attached(media: pb.Media) -> AttachedMedia:
    return AttachedMedia(
        media_id=media.media_id,
        content_type=media.content_type,
        file_name=media.file_name,
        size_bytes=media.size_bytes,
        width=media.width,
        height=media.height,
        has_thumbnail=media.has_thumbnail,
        sha256=bytes.fromhex(media.sha256),
    )
