"""Open streams: how many one user may have, and that each ends when its token or its session does."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import aclosing, contextmanager
from typing import TypeVar

from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.grpc.context import Caller, UserCaller
from kernel.grpc.tokens import TokenVerifier
from kernel.ids import UserId
from kernel.telemetry import metrics

T = TypeVar("T")

_SWEEP_SECONDS = 1.0


class OpenStream:
    """One running stream. Its handler is interrupted only while it waits for something, never while gRPC writes."""

    __slots__ = ("_interruptible", "_task", "_verdict", "caller")

    def __init__(self, caller: UserCaller | None) -> None:
        self.caller = caller
        self._task = asyncio.current_task()
        self._verdict: ChatlyError | None = None
        self._interruptible = False

    def end(self, verdict: ChatlyError) -> None:
        """Make the stream end with this error, at once or as soon as gRPC has written what it was given."""
        if self._verdict is None:
            self._verdict = verdict
            if self._interruptible and self._task is not None:
                self._task.cancel()

    async def items(self, source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """What the handler yields, until `end`. The handler is closed with it."""
        async with aclosing(source):  # type: ignore[type-var]  # handlers are async generators
            try:
                self._interruptible = True
                async for item in source:
                    self._interruptible = False
                    yield item
                    self._raise_verdict()
                    self._interruptible = True
            except asyncio.CancelledError:
                self._answer_cancellation()
                raise
            finally:
                self._interruptible = False

    async def answer(self, source: Awaitable[T]) -> T:
        """The one answer of a client stream's handler, unless `end` comes first."""
        self._interruptible = True
        try:
            return await source
        except asyncio.CancelledError:
            self._answer_cancellation()
            raise
        finally:
            self._interruptible = False

    def _raise_verdict(self) -> None:
        if self._verdict is not None:
            raise self._verdict

    def _answer_cancellation(self) -> None:
        if self._verdict is not None and self._task is not None:
            self._task.uncancel()
            raise self._verdict from None


class OpenStreams:
    """All running streams of a server."""

    def __init__(self, *, tokens: TokenVerifier, per_user: int) -> None:
        """`per_user`: how many streams of one method a user may have open."""
        self._tokens = tokens
        self._per_user = per_user
        self._streams: set[OpenStream] = set()
        self._counts: Counter[tuple[UserId, str]] = Counter()
        self._gauge = metrics.gauge("chatly_rpc_open_streams", "Streams that are open now.", ["method"])
        self._closed = False

    def refuse_new(self) -> None:
        """From now on every new stream gets UNAVAILABLE `SHUTTING_DOWN`."""
        self._closed = True

    @contextmanager
    def opened(self, method: str, caller: Caller) -> Iterator[OpenStream]:
        """Count a stream in and out; RESOURCE_EXHAUSTED `TOO_MANY_STREAMS` beyond the limit."""
        if self._closed:
            raise unavailable(
                KernelReason.SHUTTING_DOWN, "this server is shutting down: connect again", retry_after=0.1
            )
        user = caller if isinstance(caller, UserCaller) else None
        if user is not None and self._counts[user.user_id, method] >= self._per_user:
            raise _too_many(self._per_user)
        stream = OpenStream(user)
        self._count(method, stream, 1)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._count(method, stream, -1)

    async def sweep(self) -> None:
        """For ever: end the streams whose token ran out or whose session was ended."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for stream in list(self._streams):
                if stream.caller is not None and (verdict := self._tokens.complaint(stream.caller)):
                    stream.end(verdict)

    def _count(self, method: str, stream: OpenStream, step: int) -> None:
        self._gauge.labels(method).inc(step)
        if stream.caller is None:
            return
        key = (stream.caller.user_id, method)
        self._counts[key] += step
        if not self._counts[key]:
            del self._counts[key]


def _too_many(limit: int) -> ChatlyError:
    message = f"at most {limit} open streams of this kind for one user"
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.TOO_MANY_STREAMS, message, {"limit": str(limit)})
