"""Open streams: a limit per user, and their end when the token expires or the session ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from typing import TypeVar

from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from kernel.grpc.context import Caller, UserCaller
from kernel.grpc.tokens import TokenVerifier
from kernel.locks import Slots
from kernel.telemetry import metrics

T = TypeVar("T")

_SWEEP_SECONDS = 1.0


class OpenStream:
    """One running stream. `end` interrupts its handler only while the handler waits, never while gRPC writes."""

    __slots__ = ("_error", "_interruptible", "_task", "caller")

    def __init__(self, caller: UserCaller | None) -> None:
        self.caller = caller
        self._task = asyncio.current_task()
        self._error: ChatlyError | None = None
        self._interruptible = False

    def end(self, error: ChatlyError) -> None:
        """End the stream with this error: at once if its handler waits, else after the current response is written."""
        if self._error is None:
            self._error = error
            if self._interruptible and self._task is not None:
                self._task.cancel()

    async def items(self, source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """Yield the items of the handler until `end` is called. Close the handler afterwards."""
        async with aclosing(source):  # type: ignore[type-var]  # handlers are async generators
            try:
                self._interruptible = True
                async for item in source:
                    self._interruptible = False
                    yield item
                    if self._error is not None:
                        raise self._error
                    self._interruptible = True
            except asyncio.CancelledError:
                self._raise_error_instead()
                raise
            finally:
                self._interruptible = False

    async def result(self, source: Awaitable[T]) -> T:
        """Return the result of a client stream's handler. Raise the error of `end` if `end` is called first."""
        self._interruptible = True
        try:
            return await source
        except asyncio.CancelledError:
            self._raise_error_instead()
            raise
        finally:
            self._interruptible = False

    def _raise_error_instead(self) -> None:
        if self._error is not None and self._task is not None:
            self._task.uncancel()
            raise self._error from None


class OpenStreams:
    """All running streams of a server."""

    def __init__(self, *, tokens: TokenVerifier, per_user: int) -> None:
        """`per_user`: number of streams of one method that a user may have open."""
        self._tokens = tokens
        self._slots = Slots(per_user)
        self._streams: set[OpenStream] = set()
        self._gauge = metrics.gauge("chatly_rpc_open_streams", "Open streams.", ["method"])
        self._closed = False

    def refuse_new(self) -> None:
        """Refuse every new stream from now on, with UNAVAILABLE `SHUTTING_DOWN`."""
        self._closed = True

    @contextmanager
    def opened(self, method: str, caller: Caller) -> Iterator[OpenStream]:
        """Register a stream for the block.

        Raise RESOURCE_EXHAUSTED `TOO_MANY_STREAMS` above the limit, UNAVAILABLE `SHUTTING_DOWN` after `refuse_new`.
        """
        if self._closed:
            message = "this server is shutting down: connect again"
            raise unavailable(KernelReason.SHUTTING_DOWN, message, retry_after=0.1)
        user = caller if isinstance(caller, UserCaller) else None
        if user is not None and self._slots.is_full(user.user_id, method):
            raise _too_many(self._slots.most)
        stream, gauge = OpenStream(user), self._gauge.labels(method)
        with nullcontext() if user is None else self._slots.hold(user.user_id, method):
            gauge.inc()
            self._streams.add(stream)
            try:
                yield stream
            finally:
                self._streams.discard(stream)
                gauge.dec()

    async def sweep(self) -> None:
        """Until cancelled, end every stream whose token has expired or whose session has ended."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for stream in list(self._streams):
                if stream.caller is not None and (error := self._tokens.rejection(stream.caller)):
                    stream.end(error)


def _too_many(limit: int) -> ChatlyError:
    message = f"at most {limit} open streams of one method per user"
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.TOO_MANY_STREAMS, message, {"limit": str(limit)})
