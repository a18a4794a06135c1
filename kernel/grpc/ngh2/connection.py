"""One connection of a client: moves bytes between its socket and HTTP/2, and events to its calls."""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum, auto
from random import uniform
from time import monotonic
from typing import Any, Final, Protocol, cast
from urllib.parse import quote

import grpc

from kernel.deadlines import Deadlines
from kernel.grpc.engine import REQUEST_SECONDS
from kernel.grpc.ngh2.call import RESPONSE_HEADERS, Call
from kernel.grpc.ngh2.http2 import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    NO_ERROR,
    OUTPUT_BYTES,
    ConnectionFailedError,
    Header,
    Http2,
)
from kernel.grpc.ngh2.messages import Inbox, known
from kernel.grpc.ngh2.metadata import MalformedHeaderError, read_metadata, read_timeout, status_trailers
from kernel.grpc.ngh2.method import Method
from kernel.telemetry.logs import logger

# A client that sends nothing for this long is pinged.
KEEPALIVE_SECONDS: Final = 40.0
KEEPALIVE_TIMEOUT_SECONDS: Final = 15.0
# A request without its last byte, or an answer that its client does not read, ends after this time.
STALLED_SECONDS: Final = REQUEST_SECONDS
# Frames that cost work and carry nothing, such as pings and cancelled calls, that a client may send at once. A proxy
# sends them for all of its clients. Every 40 s, and with the bytes that the client is sent, it may send more.
MAX_FRAMES_WITHOUT_CALLS: Final = 10_000
_BYTES_PER_FRAME: Final = 64
_ABORT_SECONDS: Final = 5.0
_LAST_STREAMS_SECONDS: Final = 1.0
# A call with a shorter timeout ends at once, because deadlines are checked less often than that.
_SHORTEST_TIMEOUT_SECONDS: Final = 0.001


class Phase(Enum):
    """Phases of a connection, in this order; some may be left out."""

    OPEN = auto()
    DRAINING = auto()
    """The client was asked to open no more streams."""
    REFUSING = auto()
    """New streams are not served."""
    CLOSING = auto()


class Calls(Protocol):
    """The server of a connection."""

    max_calls: int
    max_age_seconds: float
    deadlines: Deadlines

    def method(self, path: bytes) -> Method | None:
        """Return the method at this path, or None."""

    def connected(self, connection: "Connection") -> None:
        """Keep the connection until `disconnected`. Drain it at once if the server is stopping."""

    def disconnected(self, connection: "Connection") -> None:
        """Forget the connection."""

    def started(self, call: Call) -> None:
        """Keep the call until its handler has ended. Raise CallError if too many calls run."""

    def ended(self, call: Call) -> None:
        """Forget the call."""


class Connection(asyncio.Protocol):
    """One connection. All its methods run on the event loop."""

    def __init__(self, server: Calls, *, tls: bool) -> None:
        self.deadlines = server.deadlines
        self._server = server
        self._tls = tls
        self._calls: dict[int, Call] = {}
        self._full: dict[int, Call] = {}
        self._taken: set[int] = set()
        self._unfinished: set[int] = set()
        self._budget = MAX_FRAMES_WITHOUT_CALLS
        self._flush_planned = False
        self._paused = False
        self._phase = Phase.OPEN
        self._received_at = 0.0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # asyncio's interface.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.loop = asyncio.get_running_loop()
        self.peer = _peer_name(transport.get_extra_info("peername"))
        self.http2 = Http2(self, max_streams=self._server.max_calls)
        if self._tls and transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            self._close("the client does not speak HTTP/2")
            return
        self._after("keepalive", KEEPALIVE_TIMEOUT_SECONDS, self._check_first)
        if self._server.max_age_seconds:
            # Spread, so that the clients of one moment do not all reconnect in one moment.
            self._after("age", self._server.max_age_seconds * uniform(0.9, 1.1), self.drain)  # noqa: S311
        self.wake()
        self._server.connected(self)

    def data_received(self, data: bytes) -> None:
        self._received_at = monotonic()
        if self._phase is Phase.CLOSING:
            return
        try:
            self.http2.receive(data)
        except ConnectionFailedError as error:
            self._close(str(error))
            return
        if self._budget < 0:
            self.http2.terminate(ENHANCE_YOUR_CALM)
            self._flush()
            self._close("the client sent too many frames that belong to no call")
            return
        self.wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the calls end in any case
        self._phase = Phase.CLOSING
        for timer in self._timers.values():
            timer.cancel()
        for call in list(self._calls.values()):
            call.closed()
        self._calls.clear()
        self._full.clear()
        self._server.disconnected(self)

    def pause_writing(self) -> None:
        self._paused = True
        # A client that does not read could let answers to its frames pile up.
        if self._phase is not Phase.CLOSING:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._phase is not Phase.CLOSING:
            self._transport.resume_reading()
        self._taken.update(self._full)
        self.wake()

    # Listener of Http2.

    def on_request(self, stream_id: int, headers: Sequence[Header], *, ended: bool) -> None:
        values = dict(headers)
        if refusal := _not_grpc(values):
            self.http2.respond(stream_id, [(b":status", refusal)], ended=True)
            if not ended:
                self.close_after_answer(stream_id)
            return
        path, encoding = values[b":path"], values.get(b"grpc-encoding", b"identity")
        method = self._server.method(path)
        if method is None:
            self._refuse(stream_id, grpc.StatusCode.UNIMPLEMENTED, "Method not found!", ended=ended)
            return
        if encoding != b"identity" and not known(encoding):
            text = f"Compression algorithm '{encoding.decode('latin-1')}' is not supported"
            self._refuse(stream_id, grpc.StatusCode.UNIMPLEMENTED, text, ended=ended)
            return
        call = Call(self, stream_id, headers, method, Inbox(encoding if encoding != b"identity" else None))
        try:
            timeout = read_timeout(values[b"grpc-timeout"]) if b"grpc-timeout" in values else None
            read_metadata(item for item in headers if item[0].endswith(b"-bin"))
        except MalformedHeaderError as error:
            self._refuse(stream_id, grpc.StatusCode.INTERNAL, str(error), ended=ended)
            return
        if timeout is not None and timeout < _SHORTEST_TIMEOUT_SECONDS:
            self._refuse(stream_id, grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", ended=ended)
            return
        self._calls[stream_id] = call
        if timeout is not None:
            call.limit(timeout)
        call.begin(ended=ended)

    def on_data(self, stream_id: int, data: bytes, *, ended: bool) -> None:
        call = self._calls.get(stream_id)
        if call is None:
            self.http2.consumed(stream_id, len(data))
        else:
            call.receive(data, ended=ended)
        if not data and not ended:
            self._budget -= 1

    def on_reset(self, stream_id: int) -> None:
        call = self._calls.get(stream_id)
        if call is None or not call.responded:
            self._budget -= 1

    def on_closed(self, stream_id: int) -> None:
        self._unfinished.discard(stream_id)
        self._full.pop(stream_id, None)
        if (call := self._calls.pop(stream_id, None)) is not None:
            call.closed()

    def on_window(self, stream_id: int) -> None:
        self._budget -= 1
        if stream_id:
            self._taken.add(stream_id)
        else:
            self._taken.update(self._full)

    def on_control(self) -> None:
        self._budget -= 1

    def on_pong(self) -> None:
        self._refuse_streams()

    def on_end(self) -> None:
        self._close("")

    # Link of the calls.

    def wake(self) -> None:
        if not self._flush_planned:
            self._flush_planned = True
            self.loop.call_soon(self._flush)

    def room(self, call: Call) -> asyncio.Future[None]:
        self._full[call.stream_id] = call
        self._taken.add(call.stream_id)
        return self.loop.create_future()

    def close_after_answer(self, stream_id: int) -> None:
        self._unfinished.add(stream_id)

    def auth_context(self) -> dict[str, list[bytes]]:
        return _auth_context(self._transport.get_extra_info("peercert") or {}) if self._tls else {}

    def started(self, call: Call) -> None:
        self._server.started(call)

    def ended(self, call: Call) -> None:
        self._server.ended(call)

    # The end of a connection.

    def drain(self) -> None:
        """Let the client open streams elsewhere, finish those that are open, and close."""
        if self._phase is not Phase.OPEN:
            return
        self._phase = Phase.DRAINING
        # Streams that the client opens before it reads this notice are still served: its pong ends that.
        self.http2.announce_end()
        self.http2.ping()
        self._after("last streams", _LAST_STREAMS_SECONDS, self._refuse_streams)
        self.wake()

    def abort(self) -> None:
        """End all calls with UNAVAILABLE, and close."""
        for call in list(self._calls.values()):
            call.stop(grpc.StatusCode.UNAVAILABLE, "The server is shutting down")
        self._flush()
        self._close("")

    def _refuse_streams(self) -> None:
        if self._phase is Phase.DRAINING:
            self._phase = Phase.REFUSING
            self.http2.refuse_streams()
            self.wake()

    def _close(self, reason: str) -> None:
        if self._phase is Phase.CLOSING:
            return
        self._phase = Phase.CLOSING
        if reason:
            logger("grpc").info("connection closed", peer=self.peer, reason=reason)
        self._transport.close()
        # A client that does not read keeps a closed connection open.
        self._after("abort", _ABORT_SECONDS, self._transport.abort)

    # Output.

    def _flush(self) -> None:
        self._flush_planned = False
        if self._phase is Phase.CLOSING:
            return
        try:
            self._write()
            if self._unfinished and not self._paused and self._close_unfinished():
                self._write()
        except ConnectionFailedError as error:
            self._close(str(error))
            return
        if self._taken:
            self._resume_handlers()
        if self._phase is Phase.REFUSING and not self._calls and not self._paused:
            self._close("")

    def _write(self) -> None:
        while not self._paused and self._phase is not Phase.CLOSING:
            data = self.http2.output()
            if data:
                self._transport.write(data)
                self._budget = min(MAX_FRAMES_WITHOUT_CALLS, self._budget + len(data) // _BYTES_PER_FRAME)
            self.http2.report()
            if len(data) < OUTPUT_BYTES:
                return

    def _close_unfinished(self) -> bool:
        """Reset streams whose answer has been sent and whose request goes on. Return whether there were any."""
        sent = [stream_id for stream_id in self._unfinished if self.http2.is_sent(stream_id)]
        for stream_id in sent:
            self.http2.reset(stream_id, NO_ERROR)
            self._unfinished.discard(stream_id)
        return bool(sent)

    def _resume_handlers(self) -> None:
        taken, self._taken = self._taken, set()
        for stream_id in taken:
            call = self._full.get(stream_id)
            if call is not None and call.has_room():
                del self._full[stream_id]

    def _refuse(self, stream_id: int, code: grpc.StatusCode, text: str, *, ended: bool) -> None:
        self.http2.respond(stream_id, [*RESPONSE_HEADERS, *status_trailers(code, text)], ended=True)
        if not ended:
            self.close_after_answer(stream_id)

    # Timers.

    def _after(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        self._timers[name] = self.loop.call_later(seconds, callback)

    def _check_first(self) -> None:
        """Close the connection if the client has sent nothing. From then on, ping a client that sends nothing."""
        if not self._received_at:
            self._close("the client does not begin to speak HTTP/2")
            return
        self._after("keepalive", KEEPALIVE_SECONDS - KEEPALIVE_TIMEOUT_SECONDS, self._keep_alive)

    def _keep_alive(self) -> None:
        self._budget = MAX_FRAMES_WITHOUT_CALLS
        self._end_stalled()
        silent = monotonic() - self._received_at
        if silent < KEEPALIVE_SECONDS:
            self._after("keepalive", KEEPALIVE_SECONDS - silent, self._keep_alive)
            return
        self.http2.ping()
        self.wake()
        self._after("keepalive", KEEPALIVE_TIMEOUT_SECONDS, self._check_alive)

    def _check_alive(self) -> None:
        if monotonic() - self._received_at < KEEPALIVE_TIMEOUT_SECONDS:
            self._keep_alive()
            return
        self._close("the client does not answer pings")
        self._transport.abort()

    def _end_stalled(self) -> None:
        before = monotonic() - STALLED_SECONDS
        for call in list(self._calls.values()):
            if call.done and call.finished < before:
                self.http2.reset(call.stream_id, CANCEL)
            elif not call.running and call.opened < before:
                call.stop(grpc.StatusCode.DEADLINE_EXCEEDED, "The request is not complete")
        self.wake()


def _not_grpc(headers: dict[bytes, bytes]) -> bytes | None:
    """Return the HTTP status for a request that is no gRPC call, or None."""
    if headers.get(b":method") != b"POST":
        return b"405"
    kind = headers.get(b"content-type", b"")
    if kind == b"application/grpc" or kind.startswith((b"application/grpc+", b"application/grpc;")):
        return None
    return b"415"


def _peer_name(address: Any) -> str:
    """Return gRPC's name of an address: `ipv4:127.0.0.1:1234`, `ipv6:%5B::1%5D:1234`."""
    if not isinstance(address, tuple):
        return "unix:"
    host, port = address[:2]
    return f"ipv6:{quote(f'[{host}]', safe=':')}:{port}" if ":" in host else f"ipv4:{host}:{port}"


def _auth_context(certificate: dict[str, Any]) -> dict[str, list[bytes]]:
    """Return the properties of a peer by gRPC's names. `certificate`: as `SSLSocket.getpeercert` returns it."""
    properties = {"transport_security_type": [b"ssl"]}
    names = [value.encode() for kind, value in certificate.get("subjectAltName", ()) if kind in {"DNS", "URI"}]
    common = [value.encode() for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    if names:
        properties["x509_subject_alternative_name"] = names
    if common:
        properties["x509_common_name"] = common
    return properties
