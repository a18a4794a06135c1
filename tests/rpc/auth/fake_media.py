"""A media service with the files that a test gives it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from chatly.media.v1.media_service_pb2 import GetMediaRequest, GetMediaResponse, Media

from kernel.errors import not_found
from kernel.grpc.status import DETAILS_KEY, details_of
from services.media.errors import MediaReason

Context = grpc.aio.ServicerContext[Any, Any]


class FakeMedia:
    """Serves GetMedia; `tokens` records the callers' tokens."""

    def __init__(self) -> None:
        self.address = ""
        self.files: dict[str, Media] = {}
        self.tokens: list[str] = []

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


@asynccontextmanager
async def open_fake_media() -> AsyncIterator[FakeMedia]:
    media = FakeMedia()
    handler = grpc.unary_unary_rpc_method_handler(
        media.get_media,
        request_deserializer=GetMediaRequest.FromString,
        response_serializer=GetMediaResponse.SerializeToString,
    )
    service = grpc.method_handlers_generic_handler("chatly.media.v1.MediaService", {"GetMedia": handler})
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service,))
    media.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield media
    finally:
        await server.stop(None)
