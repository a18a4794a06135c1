"""Users from the auth service and files from the media service, over gRPC."""

import asyncio
from collections.abc import Collection, Sequence

import grpc
from chatly.auth.v1.user_service_pb2 import BatchGetBlocksRequest
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from chatly.media.v1 import media_service_pb2
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub

from history.model import AttachedMedia
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from services.messaging.model import Blocks, MediaFile, MediaPurpose

_USERS_PER_CALL = 500


class GrpcUserDirectory:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel` carries the token of this service."""
        self._users = UserServiceStub(channel)

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        ids = list(user_ids)
        batches = [ids[start : start + _USERS_PER_CALL] for start in range(0, len(ids), _USERS_PER_CALL)]
        found = await asyncio.gather(*map(self._batch, batches))
        return {user_id: blocked for blocks in found for user_id, blocked in blocks.items()}

    async def _batch(self, user_ids: Sequence[UserId]) -> Blocks:
        try:
            response = await self._users.BatchGetBlocks(BatchGetBlocksRequest(user_ids=user_ids))
        except grpc.RpcError as error:
            raise from_rpc_error("auth", error) from error
        return {UserId(user.user_id): frozenset(map(UserId, user.blocked_user_ids)) for user in response.users}


class GrpcMediaLibrary:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel` forwards the token of the calling user."""
        self._media = MediaServiceStub(channel)

    async def media(self, media_id: str) -> MediaFile:
        try:
            response = await self._media.GetMedia(media_service_pb2.GetMediaRequest(media_id=media_id))
        except grpc.RpcError as error:
            raise from_rpc_error("media", error) from error
        is_avatar = response.media.purpose == media_service_pb2.MEDIA_PURPOSE_AVATAR
        return MediaFile(
            owner_id=UserId(response.media.owner_id),
            purpose=MediaPurpose.AVATAR if is_avatar else MediaPurpose.MESSAGE,
            media=_attached(response.media),
        )


def _attached(media: media_service_pb2.Media) -> AttachedMedia:
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
