"""One HTTP/2 connection on libnghttp2, without a socket. The only module that calls the library `ngh2`."""

from collections.abc import Sequence
from typing import Final, Protocol

import ngh2
from ngh2.events import (
    ConnectionClosed,
    DataReceived,
    PingAcknowledged,
    PingReceived,
    PriorityUpdateReceived,
    RequestReceived,
    SettingsReceived,
    StreamClosed,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)

Header = tuple[bytes, bytes]

NO_ERROR: Final = int(ngh2.ErrorCode.NO_ERROR)
CANCEL: Final = int(ngh2.ErrorCode.CANCEL)
ENHANCE_YOUR_CALM: Final = int(ngh2.ErrorCode.ENHANCE_YOUR_CALM)

MAX_HEADER_BYTES: Final = 16 * 1024
"""Limit of the decoded headers of one request, plus 32 bytes for each of them. It is the limit of grpcio too."""
_MAX_HEADERS: Final = 128
_MAX_CONTINUATIONS: Final = 4
_STREAM_WINDOW: Final = 256 * 1024
# Requests that handlers have not read yet count against it. It is large, so that slow handlers do not stop the others.
_CONNECTION_WINDOW: Final = 64 * 1024 * 1024
OUTPUT_BYTES: Final = 64 * 1024
"""The most bytes that `Http2.output` returns."""
_RESETS_PER_SECOND: Final = 1_000


class ConnectionFailedError(Exception):
    """The peer broke the protocol or a limit. The connection is unusable."""


class Listener(Protocol):
    """Receives what the peer sends, in order."""

    def on_request(self, stream_id: int, headers: Sequence[Header], *, ended: bool) -> None:
        """A stream began. `ended`: the peer sends no data."""

    def on_data(self, stream_id: int, data: bytes, *, ended: bool) -> None:
        """The peer sent data. Call `Http2.consumed` once it is processed. `ended`: no more data follows."""

    def on_reset(self, stream_id: int) -> None:
        """The peer cancelled the stream. `on_closed` follows."""

    def on_closed(self, stream_id: int) -> None:
        """The stream is over, in both directions."""

    def on_window(self, stream_id: int) -> None:
        """The peer accepts more data, on this stream or (0) in total."""

    def on_control(self) -> None:
        """The peer sent a frame that costs this side work and carries nothing for a call."""

    def on_pong(self) -> None:
        """The peer answered a ping."""

    def on_end(self) -> None:
        """Nothing more can be sent or received."""


class Http2:
    """Protocol state of one connection. Bytes go in with `receive` and come out with `output`.

    The methods that send do nothing if the stream is gone: `on_closed` was or will be called.
    """

    def __init__(self, listener: Listener, *, max_streams: int) -> None:
        """`max_streams`: the number of streams that the peer may have open."""
        self._listener = listener
        config = ngh2.Configuration(
            auto_window_update=False,
            max_inbound_header_list_size=MAX_HEADER_BYTES,
            max_inbound_header_count=_MAX_HEADERS,
            max_continuations=_MAX_CONTINUATIONS,
            # All clients behind one proxy may cancel their streams at once.
            stream_reset_rate_limit=(max_streams + _RESETS_PER_SECOND, _RESETS_PER_SECOND),
        )
        self._connection = connection = ngh2.Connection(ngh2.Role.SERVER, config)
        connection.initiate_connection(
            {
                ngh2.Setting.MAX_CONCURRENT_STREAMS: max_streams,
                ngh2.Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
                ngh2.Setting.MAX_HEADER_LIST_SIZE: MAX_HEADER_BYTES,
            }
        )
        connection.set_local_window_size(_CONNECTION_WINDOW)

    def receive(self, data: bytes) -> None:
        """Process bytes from the peer, and call the listener. Raise ConnectionFailedError if they are wrong."""
        try:
            self._connection.receive_data(data)
        except ngh2.NGH2Error as error:
            raise ConnectionFailedError(str(error)) from error
        self.report()

    def output(self) -> bytes:
        """Return bytes for the peer, at most OUTPUT_BYTES; fewer if the peer's windows or this side allow no more.

        Write them, then call `report`: they may be the last ones.
        """
        try:
            return self._connection.data_to_send(OUTPUT_BYTES)
        except ngh2.NGH2Error as error:
            raise ConnectionFailedError(str(error)) from error

    def respond(self, stream_id: int, headers: Sequence[Header], *, ended: bool = False) -> None:
        """Send the headers of a response. `ended`: they are all of it."""
        try:
            self._connection.send_response(stream_id, headers, end_stream=ended)
        except ngh2.NGH2Error:
            return

    def send(self, stream_id: int, data: bytes) -> int:
        """Send data as the peer's windows allow. Return the number of bytes that wait, with these."""
        try:
            self._connection.send_data(stream_id, data)
        except ngh2.NGH2Error:
            return 0
        return self._connection.queued_body_size(stream_id)

    def end(self, stream_id: int, trailers: Sequence[Header]) -> None:
        """Send the trailers after all data."""
        try:
            self._connection.send_trailers(stream_id, trailers)
        except ngh2.NGH2Error:
            return

    def waiting(self, stream_id: int) -> int:
        """Return the number of bytes that wait for the peer's windows or for `output`."""
        return self._connection.queued_body_size(stream_id)

    def is_sent(self, stream_id: int) -> bool:
        """Return whether `output` has returned everything for this stream, up to its last header."""
        connection = self._connection
        try:
            # The library looks at trailers only while it may send data.
            blocked = connection.stream_remote_window_size(stream_id) <= 0 or connection.remote_window_size <= 0
        except ngh2.NGH2Error:
            return True
        return not blocked and not connection.queued_body_size(stream_id)

    def reset(self, stream_id: int, code: int) -> None:
        """End a stream in both directions, without what is not sent yet."""
        try:
            self._connection.reset_stream(stream_id, code)
        except ngh2.NGH2Error:
            return

    def consumed(self, stream_id: int, count: int) -> None:
        """Let the peer send `count` bytes more, which `on_data` delivered. The stream may be over."""
        try:
            self._connection.acknowledge_received_data(count, stream_id)
        except (ngh2.NGH2Error, ValueError):
            return

    def ping(self) -> None:
        """Ping the peer: `on_pong` follows."""
        try:
            self._connection.ping()
        except ngh2.NGH2Error:
            return

    def announce_end(self) -> None:
        """Ask the peer to open no more streams. Those that it opened meanwhile are still served."""
        try:
            self._connection.send_shutdown_notice()
        except ngh2.NGH2Error:
            return

    def refuse_streams(self) -> None:
        """Serve the streams that are open, and no others."""
        try:
            self._connection.send_goaway()
        except ngh2.NGH2Error:
            return

    def terminate(self, code: int) -> None:
        """End the connection after the bytes that `output` returns next."""
        try:
            self._connection.terminate_connection(code)
        except ngh2.NGH2Error:
            return

    def report(self) -> None:
        """Call the listener for what happened since the last call."""
        listener = self._listener
        for event in self._connection.events():
            match event:
                case RequestReceived():
                    listener.on_request(event.stream_id, event.headers, ended=event.end_stream)
                case DataReceived():
                    listener.on_data(event.stream_id, event.data, ended=event.end_stream)
                case StreamClosed():
                    listener.on_closed(event.stream_id)
                case WindowUpdated():
                    listener.on_window(event.stream_id)
                case TrailersReceived():
                    listener.on_data(event.stream_id, b"", ended=True)
                case StreamReset():
                    listener.on_reset(event.stream_id)
                case PingAcknowledged():
                    listener.on_pong()
                case PingReceived() | SettingsReceived() | PriorityUpdateReceived():
                    listener.on_control()
                case ConnectionClosed():
                    listener.on_end()
