"""The context of a call, as grpc.aio offers it to handlers, and the messages of its request."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Never

import grpc

from kernel.grpc.ngh2.metadata import Metadata, read_metadata
from kernel.grpc.responses import ResponseStream

if TYPE_CHECKING:
    from kernel.grpc.ngh2.call import Call

_ENCODINGS: Final = {grpc.Compression.Deflate: b"deflate", grpc.Compression.Gzip: b"gzip"}
_IDENTITY_KEYS: Final = ("x509_subject_alternative_name", "x509_common_name")


class Context(grpc.aio.ServicerContext[Any, Any]):
    """Everything that grpc.aio offers to a handler."""

    def __init__(self, call: "Call") -> None:
        self._call = call

    @property
    def responses(self) -> ResponseStream:
        """The responses of the call, for those who send them without its handler."""
        return self._call

    async def read(self) -> Any:
        return await self._call.read()

    async def write(self, message: Any) -> None:
        await self._call.write(message)

    async def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        if self._call.responded:
            raise grpc.aio.UsageError("The headers of the response have already been sent.")
        self._call.respond(initial_metadata)

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> Never:
        call = self._call
        call.code, call.details = code, details or call.details
        call.trailing = tuple(trailing_metadata) or call.trailing
        call.finish(code, call.details)
        raise grpc.aio.AbortError("Locally aborted.")

    async def abort_with_status(self, status: grpc.Status) -> Never:
        await self.abort(status.code, status.details, status.trailing_metadata or ())

    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        self._call.trailing = tuple(trailing_metadata)

    def trailing_metadata(self) -> Any:
        return self._call.trailing

    def invocation_metadata(self) -> Any:
        return read_metadata(self._call.headers)

    def set_code(self, code: grpc.StatusCode) -> None:
        self._call.code = code

    def code(self) -> grpc.StatusCode:
        return self._call.code

    def set_details(self, details: str) -> None:
        self._call.details = details

    def details(self) -> str:
        return self._call.details

    def set_compression(self, compression: grpc.Compression) -> None:
        """Compress the response, if the client accepts that. Call it before the response begins."""
        encoding = _ENCODINGS.get(compression)
        accepted = dict(self._call.headers).get(b"grpc-accept-encoding", b"").replace(b" ", b"").split(b",")
        self._call.encoding = encoding if encoding in accepted else None

    def disable_next_message_compression(self) -> None:
        self._call.compress_next = False

    def peer(self) -> str:
        return self._call.link.peer

    def auth_context(self) -> Mapping[str, list[bytes]]:
        return self._call.link.auth_context()

    def peer_identity_key(self) -> str | None:
        properties = self.auth_context()
        return next((key for key in _IDENTITY_KEYS if key in properties), None)

    def peer_identities(self) -> list[bytes] | None:
        key = self.peer_identity_key()
        return None if key is None else list(self.auth_context()[key])

    def time_remaining(self) -> Any:
        return self._call.time_remaining

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._call.on_done(lambda _: callback(self))

    def cancelled(self) -> bool:
        return self._call.cancelled

    def done(self) -> bool:
        return self._call.done


class Requests:
    """The messages of a request stream, as an async iterator."""

    __slots__ = ("_call",)

    def __init__(self, call: "Call") -> None:
        self._call = call

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        message = await self._call.read()
        if message is grpc.aio.EOF:
            raise StopAsyncIteration
        return message
