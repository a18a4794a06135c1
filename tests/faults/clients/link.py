"""A device's way to the mesh: several edges, of which it uses one until that one does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import grpc
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from tests.faults.away import LATER

Request = TypeVar("Request")
Response = TypeVar("Response")

ATTEMPT_SECONDS = 3.0
"""How long one attempt may take before the next edge is tried."""
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
    """The services, through one edge."""

    messaging: MessagingServiceStub
    presence: PresenceServiceStub
    media: MediaServiceStub

    @classmethod
    def through(cls, channel: grpc.aio.Channel) -> Self:
        return cls(MessagingServiceStub(channel), PresenceServiceStub(channel), MediaServiceStub(channel))


class Link:
    """Calls of one user."""

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
        """Try until it is answered; once, if not `again`. Raise AioRpcError for an answer that no retry mends."""
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
        """What comes, until the stream breaks, however it does; raise AioRpcError if there is no use in another."""
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
            # Ours, by `blame`; unless it is the task that is to end.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
        finally:
            self._streams.discard(call)
            call.cancel()
        await asyncio.sleep(_PAUSE_SECONDS)

    @property
    def current(self) -> Stubs:
        """Through the edge in use."""
        return self._edges[self._current]

    def blame(self, edge: int, error: grpc.aio.AioRpcError) -> None:
        """A call through this edge failed: if that may be the edge's fault, everything moves on to the next one."""
        away = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        if error.code() in away and edge == self._current:
            self._current = (edge + 1) % len(self._edges)
            for stream in list(self._streams):
                stream.cancel()


@asynccontextmanager
async def open_link(edges: Sequence[str], token: str, *, first: int = 0) -> AsyncIterator[Link]:
    """`first`: the edge to begin with."""
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(edge, _OPTIONS)) for edge in edges]
        yield Link([Stubs.through(channel) for channel in channels], token, first=first)
