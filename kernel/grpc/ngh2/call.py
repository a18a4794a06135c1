"""One call, from the headers of its request to its status: runs the handler as grpc.aio does."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any, Final, Protocol

import grpc

from kernel.deadlines import Deadline, Deadlines
from kernel.grpc.ngh2.context import Context, Requests
from kernel.grpc.ngh2.http2 import ENHANCE_YOUR_CALM, Header, Http2
from kernel.grpc.ngh2.messages import ENCODINGS, CallError, Inbox, framed
from kernel.grpc.ngh2.metadata import Metadata, status_trailers, write_metadata
from kernel.grpc.ngh2.method import Method
from kernel.grpc.responses import SharedResponse
from kernel.telemetry.logs import logger

RESPONSE_HEADERS: Final[list[Header]] = [
    (b":status", b"200"),
    (b"content-type", b"application/grpc"),
    (b"grpc-accept-encoding", ENCODINGS),
]
_OK: Final = grpc.StatusCode.OK

# Above it, a handler that writes waits for the client, and a client that writes waits for the handler.
HIGH_WATER_BYTES: Final = 64 * 1024
LOW_WATER_BYTES: Final = 16 * 1024
# A handler that does not wait may not collect more than this for a client that does not read.
_MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
# Some clients wait for the headers of a stream before they use it. An error that comes sooner goes without them, as a
# proxy that translates statuses needs it.
_HEADERS_WITHIN_SECONDS: Final = 0.02


class Link(Protocol):
    """The connection of a call."""

    http2: Http2
    peer: str
    loop: asyncio.AbstractEventLoop
    deadlines: Deadlines

    def wake(self) -> None:
        """Send soon what was given to `http2`."""

    def room(self, call: "Call") -> asyncio.Future[None]:
        """Return a future that is done once the client has taken what waits for it."""

    def close_after_answer(self, stream_id: int) -> None:
        """Close a stream whose client has not finished its request, once the answer has been sent."""

    def auth_context(self) -> dict[str, list[bytes]]:
        """Return the properties of the peer's certificate, by gRPC's names."""

    def started(self, call: "Call") -> None:
        """Keep the call until its handler has ended. Raise CallError if too many calls run."""

    def ended(self, call: "Call") -> None:
        """Forget the call: its handler has ended."""


class Call:
    """One RPC. Only this class changes its state; the connection reports what arrives."""

    __slots__ = (
        "_callbacks",
        "_deadline",
        "_expires_at",
        "_headers_timer",
        "_inbox",
        "_method",
        "_owed",
        "_queued",
        "_request_ended",
        "_responded",
        "_room",
        "_task",
        "_unread",
        "cancelled",
        "code",
        "compress_next",
        "details",
        "done",
        "encoding",
        "finished",
        "headers",
        "link",
        "opened",
        "stream_id",
        "trailing",
    )

    def __init__(self, link: Link, stream_id: int, headers: Sequence[Header], method: Method, inbox: Inbox) -> None:
        self.link = link
        self._method = method
        self._inbox = inbox
        self._owed = 0
        # Bytes that waited for the client after the last message was sent.
        self._queued = 0
        self._request_ended = False
        self._responded = False
        self._task: asyncio.Task[None] | None = None
        self._headers_timer: asyncio.TimerHandle | None = None
        self._deadline: Deadline | None = None
        self._expires_at = 0.0
        self._unread: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._callbacks: list[Callable[[Any], None]] = []
        self.stream_id = stream_id
        self.headers = headers
        self.opened = monotonic()
        self.finished = 0.0
        self.done = False
        self.cancelled = False
        # The fields below belong to the handler, which sets them through its context.
        self.code = _OK
        self.details = ""
        self.trailing: tuple[tuple[str, str | bytes], ...] = ()
        self.encoding: bytes | None = None
        self.compress_next = True

    @property
    def running(self) -> bool:
        """Whether the handler was started."""
        return self._task is not None

    @property
    def responded(self) -> bool:
        """Whether the response has begun."""
        return self._responded

    @property
    def time_remaining(self) -> float | None:
        """Seconds until the client's deadline, or None if there is none."""
        return None if self._deadline is None else max(0.0, self._expires_at - monotonic())

    # Reported by the connection.

    def limit(self, seconds: float) -> None:
        """End the call with DEADLINE_EXCEEDED after this time."""
        self._expires_at = monotonic() + seconds
        self._deadline = self.link.deadlines.after(seconds, self._expire)

    def begin(self, *, ended: bool) -> None:
        """The headers are complete. `ended`: the request has no messages."""
        if self._method.streams_requests:
            try:
                self._start(Requests(self))
            except CallError as error:
                self.stop(error.code, error.text)
        if ended:
            self.receive(b"", ended=True)

    def receive(self, data: bytes, *, ended: bool) -> None:
        """Take data of the request."""
        self._request_ended = self._request_ended or ended
        if self.done:
            self.link.http2.consumed(self.stream_id, len(data))
            return
        self._owed += len(data)
        try:
            if data:
                self._inbox.feed(data)
            self._check(ended=ended)
        except CallError as error:
            self.stop(error.code, error.text)
        if not self._method.streams_requests or self._inbox.bytes <= HIGH_WATER_BYTES:
            self._allow_more()

    def closed(self) -> None:
        """Both directions of the stream are over. If there was no status yet, the client has cancelled the call."""
        self._request_ended = True
        self._allow_more()
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if not self.done:
            self.cancelled = True
            self._finished()
            self._cancel()

    def has_room(self) -> bool:
        """Let the handler go on if the client has taken enough. Return whether it waits no longer."""
        if self._room is None or self._room.done():
            return True
        if self.link.http2.waiting(self.stream_id) > LOW_WATER_BYTES:
            return False
        self._room.set_result(None)
        return True

    def stop(self, code: grpc.StatusCode, text: str) -> None:
        """End the call with this status, and its handler."""
        self.trailing = ()
        self.finish(code, text)
        self._cancel()

    # Called for the handler.

    async def read(self) -> Any:
        """Return the next message of the request, or `grpc.aio.EOF`."""
        while not self._inbox:
            if self._request_ended:
                return grpc.aio.EOF
            self._unread = self.link.loop.create_future()
            await self._unread
        try:
            data = self._inbox.pop()
        except CallError as error:
            self.stop(error.code, error.text)
            raise asyncio.CancelledError from error
        if self._inbox.bytes <= HIGH_WATER_BYTES:
            self._allow_more()
        return self._method.deserialize(data)

    async def write(self, message: Any) -> None:
        """Send a message. Wait if the client has not taken enough of the earlier ones."""
        waiting = self._send(message)
        if waiting > HIGH_WATER_BYTES:
            if waiting > _MAX_WAITING_BYTES:
                self.link.http2.reset(self.stream_id, ENHANCE_YOUR_CALM)
                raise CallError(grpc.StatusCode.RESOURCE_EXHAUSTED, "The client does not read its messages")
            # Several tasks of a handler may write.
            if self._room is None or self._room.done():
                self._room = self.link.room(self)
            await self._room

    def ready(self) -> bool:
        """Return whether the client has taken enough of the earlier messages for `push`."""
        if self._queued > HIGH_WATER_BYTES:
            self._queued = self.link.http2.waiting(self.stream_id)
        return self._queued <= HIGH_WATER_BYTES and not self.done

    def push(self, response: SharedResponse) -> None:
        """Send a message while the handler waits for something else."""
        encoding = self.encoding if self.compress_next else None
        frame = response.frames.get(encoding)
        if frame is None:
            try:
                frame = response.frames[encoding] = framed(response.data, encoding)
            except CallError as error:
                self.stop(error.code, error.text)
                return
        self._send_frame(frame)

    def respond(self, metadata: Metadata = ()) -> None:
        """Send the headers of the response, unless they have been sent."""
        if self._responded or self.done:
            return
        headers = [*RESPONSE_HEADERS, *write_metadata(metadata)]
        if self.encoding is not None:
            headers.append((b"grpc-encoding", self.encoding))
        self._responded = True
        self.link.http2.respond(self.stream_id, headers)
        self.link.wake()

    def finish(self, code: grpc.StatusCode, text: str) -> None:
        """Send the status, unless it has been sent."""
        if self.done:
            return
        trailers = status_trailers(code, text)
        if self.trailing:
            trailers += write_metadata(self.trailing)
        if self._responded:
            self.link.http2.end(self.stream_id, trailers)
        else:
            self._responded = True
            self.link.http2.respond(self.stream_id, [*RESPONSE_HEADERS, *trailers], ended=True)
        if not self._request_ended:
            self.link.close_after_answer(self.stream_id)
        self.link.wake()
        self._finished()

    def on_done(self, callback: Callable[[Any], None]) -> None:
        """Call this once the status is sent or the call is cancelled."""
        self._callbacks.append(callback)

    # Parts of the above.

    def _check(self, *, ended: bool) -> None:
        """Start a unary call whose message is complete, or wake the reader of a stream."""
        inbox = self._inbox
        if ended and inbox.partial:
            raise CallError(grpc.StatusCode.INTERNAL, "The last message is not complete")
        if self._method.streams_requests:
            if self._unread is not None and not self._unread.done() and (inbox or ended):
                self._unread.set_result(None)
            return
        if len(inbox) > 1 or (ended and not inbox):
            raise CallError(grpc.StatusCode.UNIMPLEMENTED, "This method takes exactly one request message")
        if ended:
            self._start(inbox.pop())

    def _start(self, request: Any) -> None:
        self.link.started(self)
        self._task = self.link.loop.create_task(self._run(request))
        self._task.add_done_callback(self._handler_ended)
        if self._method.streams_responses:
            self._headers_timer = self.link.loop.call_later(_HEADERS_WITHIN_SECONDS, self.respond)

    def _handler_ended(self, _: asyncio.Task[None]) -> None:
        # A task that is cancelled before it starts runs no line of the handler, so this is not at the end of it.
        self.link.ended(self)

    async def _run(self, request: Any) -> None:
        try:
            if not self._method.streams_requests:
                request = self._method.deserialize(request)
            await self._handle(request)
        except CallError as error:
            self.finish(error.code, error.text)
        except asyncio.CancelledError:
            self.finish(grpc.StatusCode.CANCELLED, "The handler was cancelled")
        except grpc.aio.AbortError:
            self.finish(grpc.StatusCode.UNKNOWN, "The handler was aborted")
        except Exception as error:  # noqa: BLE001 - a fault of a handler ends its call, not the server
            if not self.done:
                logger("grpc").exception("a handler failed", path=self._path())
            self._fail(f"Unexpected {type(error)}: {error}")

    async def _handle(self, request: Any) -> None:
        answer = self._method.function(request, Context(self))
        if not self._method.streams_responses:
            response = await answer
            if self.code is _OK:
                self._send(response)
        elif hasattr(answer, "__aiter__"):
            # Closed explicitly, so that the handler is left at once if the call is cancelled while it sends.
            async with aclosing(answer):
                async for message in answer:
                    await self.write(message)
        else:
            await answer
        self.finish(self.code, self.details)

    def _send(self, message: Any) -> int:
        if self.done:
            raise grpc.aio.UsageError("RPC already finished.")
        encoding = self.encoding if self.compress_next else None
        return self._send_frame(framed(self._method.serialize(message), encoding))

    def _send_frame(self, frame: bytes) -> int:
        self.compress_next = True
        if not self._responded:
            self.respond()
        self._queued = self.link.http2.send(self.stream_id, frame)
        self.link.wake()
        return self._queued

    def _fail(self, text: str) -> None:
        self.trailing = ()
        self.finish(grpc.StatusCode.UNKNOWN, text)

    def _allow_more(self) -> None:
        if self._owed:
            self.link.http2.consumed(self.stream_id, self._owed)
            self._owed = 0
            self.link.wake()

    def _expire(self) -> None:
        self.stop(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _finished(self) -> None:
        self.done = True
        self.finished = monotonic()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._headers_timer is not None:
            self._headers_timer.cancel()
        for callback in self._callbacks:
            self.link.loop.call_soon(callback, self)

    def _path(self) -> str:
        return dict(self.headers).get(b":path", b"").decode("latin-1")
