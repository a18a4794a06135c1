"""A media service with the files that a test gives it. The same server takes the erasures of all services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2 import GetMediaRequest, GetMediaResponse, Media
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.presence.v1 import presence_service_pb2 as presence_pb

from kernel.errors import not_found
from kernel.grpc.status import DETAILS_KEY, details_of
from services.media.errors import MediaReason

Context = grpc.aio.ServicerContext[Any, Any]


class FakeMedia:
    """Serves GetMedia; `tokens` records the callers' tokens. `erased` records service and user of EraseUser."""

    def __init__(self) -> None:
        self.address = ""
        self.files: dict[str, Media] = {}
        self.tokens: list[str] = []
        self.erased: list[tuple[str, str]] = []

    async def get_media(self, request: GetMediaRequest, context: Context) -> GetMediaResponse:
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                self.tokens.append(str(value).removeprefix("Bearer "))
        media = self.files.get(request.media_id)
        if media is None:
            error = not_found(MediaReason.MEDIA_NOT_FOUND, "file not found")
            context.set_trailing_metadata(((DETAILS_KEY, details_of(error)),))
            await context.abort(grpc.StatusCode.NOT_FOUND, error.message)
        return GetMediaResponse(media=media)

    async def erase_media(self, request: media_pb.EraseUserRequest, context: Context) -> media_pb.EraseUserResponse:
        self.erased.append(("media", request.user_id))
        return media_pb.EraseUserResponse()

    async def erase_presence(
        self, request: presence_pb.EraseUserRequest, context: Context
    ) -> presence_pb.EraseUserResponse:
        self.erased.append(("presence", request.user_id))
        return presence_pb.EraseUserResponse()

    async def erase_messages(
        self, request: messaging_pb.EraseUserRequest, context: Context
    ) -> messaging_pb.EraseUserResponse:
        """Answer with two pages if the messages are deleted too."""
        if request.delete_messages and not request.page_token:
            return messaging_pb.EraseUserResponse(next_page_token="second")
        self.erased.append((f"messaging {request.page_token}".strip(), request.user_id))
        return messaging_pb.EraseUserResponse()


@asynccontextmanager
async def open_fake_media() -> AsyncIterator[FakeMedia]:
    media = FakeMedia()
    get_media = grpc.unary_unary_rpc_method_handler(
        media.get_media,
        request_deserializer=GetMediaRequest.FromString,
        response_serializer=GetMediaResponse.SerializeToString,
    )
    erase_media = grpc.unary_unary_rpc_method_handler(
        media.erase_media,
        request_deserializer=media_pb.EraseUserRequest.FromString,
        response_serializer=media_pb.EraseUserResponse.SerializeToString,
    )
    erase_presence = grpc.unary_unary_rpc_method_handler(
        media.erase_presence,
        request_deserializer=presence_pb.EraseUserRequest.FromString,
        response_serializer=presence_pb.EraseUserResponse.SerializeToString,
    )
    erase_messages = grpc.unary_unary_rpc_method_handler(
        media.erase_messages,
        request_deserializer=messaging_pb.EraseUserRequest.FromString,
        response_serializer=messaging_pb.EraseUserResponse.SerializeToString,
    )
    of_media: dict[str, grpc.RpcMethodHandler[Any, Any]] = {"GetMedia": get_media, "EraseUser": erase_media}
    services = (
        grpc.method_handlers_generic_handler("chatly.media.v1.MediaService", of_media),
        grpc.method_handlers_generic_handler("chatly.presence.v1.PresenceService", {"EraseUser": erase_presence}),
        grpc.method_handlers_generic_handler("chatly.messaging.v1.MessagingService", {"EraseUser": erase_messages}),
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(services)
    media.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield media
    finally:
        await server.stop(None)
