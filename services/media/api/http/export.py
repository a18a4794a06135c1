"""`GET /api/export` streams the calling user's own data as a ZIP archive."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kernel.errors import ChatlyError
from kernel.grpc.tokens import TokenVerifier
from kernel.http.app import authenticate
from kernel.time import Clock
from services.media.api.http.downloads import content_disposition
from services.media.export import ExportData, ExportLimit


class _Export(StreamingResponse):
    """Streams the archive, and calls `ended` at its end, also if the client disconnects before it begins."""

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        source: AsyncGenerator[bytes, None],
        *,
        ended: Callable[[], None],
        headers: dict[str, str],
    ) -> None:
        """`source` is closed at the end: it yields the parts, and may have begun."""
        super().__init__(parts, headers=headers, media_type="application/zip")
        self._source = source
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(self._source):
                await super().__call__(scope, receive, send)
        finally:
            self._ended()


class ExportApi:
    def __init__(self, *, export: ExportData, limit: ExportLimit, clock: Clock) -> None:
        self._export = export
        self._limit = limit
        self._clock = clock

    def route(self) -> Route:
        return Route("/api/export", self.serve, methods=["GET"])

    async def serve(self, request: Request) -> Response:
        caller = await authenticate(request)
        self._limit.begin(caller.user_id)
        rest = self._export(caller.user_id)
        try:
            # Errors before the first part are answered as errors.
            first = await anext(rest)
        except BaseException:
            self._limit.end(caller.user_id)
            raise
        name = f"chatly-data-{self._clock.now():%Y-%m-%d}.zip"
        headers = {
            "content-disposition": content_disposition("attachment", name),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        tokens: TokenVerifier = request.app.state.tokens
        parts = _until(first, rest, partial(tokens.session_rejection, caller))
        return _Export(parts, rest, ended=lambda: self._limit.end(caller.user_id), headers=headers)


async def _until(
    first: bytes, rest: AsyncGenerator[bytes, None], rejection: Callable[[], ChatlyError | None]
) -> AsyncGenerator[bytes, None]:
    """Yield all parts. Raise the error that `rejection` returns, once it returns one."""
    yield first
    async for part in rest:
        if error := rejection():
            raise error
        if part:
            yield part
