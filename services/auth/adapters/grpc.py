"""Avatar checks by the media service."""

import grpc
from chatly.media.v1.media_service_pb2 import MEDIA_PURPOSE_AVATAR, GetMediaRequest
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub

from kernel.errors import denied
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from services.auth.errors import AuthReason


class MediaAvatars:
    """Avatars that calls MediaService.GetMedia with the user's token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel` forwards the calling user's token."""
        self._media = MediaServiceStub(channel)

    async def check(self, media_id: str, *, owner: UserId) -> None:
        try:
            media = (await self._media.GetMedia(GetMediaRequest(media_id=media_id))).media
        except grpc.RpcError as error:
            raise from_rpc_error("media", error) from error
        if media.owner_id != owner or media.purpose != MEDIA_PURPOSE_AVATAR:
            raise denied(AuthReason.MEDIA_FORBIDDEN, "this file is not one of your avatar pictures")
