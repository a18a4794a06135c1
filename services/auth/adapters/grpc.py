"""Calls to other services. Avatar checks carry the caller's token, and erasures carry the service token."""

import grpc
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2 import MEDIA_PURPOSE_AVATAR, GetMediaRequest
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence_pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.errors import denied
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from services.auth.errors import AuthReason

# Purging the bytes of many pictures takes a while.
_ERASE_SECONDS = 30.0


class MediaAvatars:
    """Avatars over gRPC. Calls MediaService.GetMedia with the user's token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel`: a channel that forwards the calling user's token."""
        self._media = MediaServiceStub(channel)

    async def check(self, media_id: str, *, owner: UserId) -> None:
        try:
            media = (await self._media.GetMedia(GetMediaRequest(media_id=media_id))).media
        except grpc.RpcError as error:
            raise from_rpc_error("media", error) from error
        if media.owner_id != owner or media.purpose != MEDIA_PURPOSE_AVATAR:
            raise denied(AuthReason.MEDIA_FORBIDDEN, "this file is not one of your avatar pictures")


class MediaPersonalData:
    """PersonalData in media. Calls MediaService.EraseUser with the service token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._media = MediaServiceStub(channel)

    async def erase(self, user_id: UserId) -> None:
        try:
            await self._media.EraseUser(media_pb.EraseUserRequest(user_id=user_id), timeout=_ERASE_SECONDS)
        except grpc.RpcError as error:
            raise from_rpc_error("media", error) from error


class PresencePersonalData:
    """PersonalData in presence. Calls PresenceService.EraseUser with the service token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._presence = PresenceServiceStub(channel)

    async def erase(self, user_id: UserId) -> None:
        try:
            await self._presence.EraseUser(presence_pb.EraseUserRequest(user_id=user_id), timeout=_ERASE_SECONDS)
        except grpc.RpcError as error:
            raise from_rpc_error("presence", error) from error


class GrpcMessagesOfUsers:
    """Calls MessagingService.EraseUser with the service token, page by page."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def erase(self, user_id: UserId, *, delete_messages: bool) -> None:
        request = messaging_pb.EraseUserRequest(user_id=user_id, delete_messages=delete_messages)
        try:
            while True:
                response = await self._messaging.EraseUser(request, timeout=_ERASE_SECONDS)
                if not response.next_page_token:
                    return
                request.page_token = response.next_page_token
        except grpc.RpcError as error:
            raise from_rpc_error("messaging", error) from error
