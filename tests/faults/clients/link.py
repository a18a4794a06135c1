"""A device's connection to the mesh: it uses one of several edges until that edge does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import grpc
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from tests.faults.status_codes import LATER

Request = TypeVar("Request")
Response = TypeVar("Response")

ATTEMPT_SECONDS = 3.0
"""Seconds of one attempt, before the next edge is used."""
_PAUSE_SECONDS = 0.1
_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
]


@dataclass(frozen=True, slots=True)
class Stubs:
    """Stubs of the services, through one edge."""

    messaging: MessagingServiceStub
    presence: PresenceServiceStub
    media: MediaServiceStub

    @classmethod
    def through(cls, channel: grpc.aio.Channel) -> Self:
        return cls(MessagingServiceStub(channel), PresenceServiceStub(channel), MediaServiceStub(channel))


class Link:
    """Calls as one user."""

    def __init__(self, edges: Sequence[Stubs], token: str, *, first: int) -> None:
        self._edges = edges
        self._current = first % len(edges)
        self._streams: set[Any] = set()
        self.metadata = (("authorization", f"Bearer {token}"),)

    async def call(
        self,
        method: Callable[[Stubs], grpc.aio.UnaryUnaryMultiCallable[Request, Response]],
        request: Request,
        *,
        again: bool = True,
        seconds: float = ATTEMPT_SECONDS,
    ) -> Response:
        """Retry until the call succeeds; call once if not `again`. Raise AioRpcError for an error that no retry
        fixes.
        """
        while True:
            edge = self._current
            try:
                return await method(self._edges[edge])(request, metadata=self.metadata, timeout=seconds)
            except grpc.aio.AioRpcError as error:
                self.blame(edge, error)
                if not again or error.code() not in LATER:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stream(self, open_stream: Callable[[Stubs], Any]) -> AsyncIterator[Any]:
        """Yield responses until the stream ends for any reason. Raise AioRpcError if a new stream would fail too."""
        edge = self._current
        call = open_stream(self._edges[edge])
        self._streams.add(call)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            self.blame(edge, error)
            if error.code() not in LATER:
                raise
        except asyncio.CancelledError:
            # Cancelled by `blame`, unless this task is being cancelled.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
        finally:
            self._streams.discard(call)
            call.cancel()
        await asyncio.sleep(_PAUSE_SECONDS)

    @property
    def current(self) -> Stubs:
        """Stubs through the current edge."""
        return self._edges[self._current]

    def blame(self, edge: int, error: grpc.aio.AioRpcError) -> None:
        """Switch to the next edge if the error of a call through this edge may be the edge's fault."""
        unreachable = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        if error.code() in unreachable and edge == self._current:
            self._current = (edge + 1) % len(self._edges)
            for stream in list(self._streams):
                stream.cancel()


@asynccontextmanager
async def open_link(edges: Sequence[str], token: str, *, first: int = 0) -> AsyncIterator[Link]:
    """`first`: index of the edge to start with."""
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(edge, _OPTIONS)) for edge in edges]
        yield Link([Stubs.through(channel) for channel in channels], token, first=first)
