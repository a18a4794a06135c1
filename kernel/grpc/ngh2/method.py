"""One method of a server, as gRPC's handlers describe it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc


@dataclass(frozen=True, slots=True)
class Method:
    """A handler, with what is needed to call it."""

    function: Callable[[Any, Any], Any]
    deserialize: Callable[[bytes], Any]
    serialize: Callable[[Any], bytes]
    streams_requests: bool
    streams_responses: bool

    @classmethod
    def of(cls, handler: "grpc.RpcMethodHandler[Any, Any]") -> "Method":
        """Return the method that gRPC's handler describes."""
        function: Any = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        return cls(
            function,
            handler.request_deserializer or _unchanged,
            handler.response_serializer or _unchanged,
            bool(handler.request_streaming),
            bool(handler.response_streaming),
        )


def _unchanged(data: bytes) -> bytes:
    """Return a message of a handler that takes or gives bytes."""
    return data
