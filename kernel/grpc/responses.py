"""Responses of a stream that are sent while its handler waits, so that no task runs for each of them."""

from typing import Protocol


class SharedResponse:
    """A serialized response for one or many streams. It is framed and compressed once for all of them."""

    __slots__ = ("data", "frames")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.frames: dict[bytes | None, bytes] = {}
        """Encoding → bytes on the wire. Only the server's library uses this."""


class ResponseStream(Protocol):
    """The responses of one call. They leave in the order in which they are pushed, or yielded by the handler."""

    def ready(self) -> bool:
        """Return whether a response may be pushed now.

        If not, the handler must yield it: the client has not taken enough of the earlier ones, the call is over, or the
        server's library takes responses from handlers only.
        """
        ...

    def push(self, response: SharedResponse) -> None:
        """Send a response without waiting. Call this only if `ready`."""
        ...


class YieldOnly:
    """The responses of a call that its handler must yield."""

    def ready(self) -> bool:
        return False

    def push(self, _: SharedResponse) -> None:
        raise AssertionError("the stream was not ready")
