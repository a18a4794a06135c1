"""What a server answers to every call while its service cannot be opened. Health it still tells."""

from collections.abc import AsyncIterator

import grpc

from kernel.errors import KernelReason, unavailable
from kernel.grpc.status import DETAILS_KEY, details_of, grpc_code, text_of


class NotYet(grpc.GenericRpcHandler):
    """UNAVAILABLE `SERVICE_UNAVAILABLE`, whatever is called: callers try again."""

    def __init__(self, service: str) -> None:
        self._error = unavailable(KernelReason.SERVICE_UNAVAILABLE, f"{service} is starting", service=service)

    def service(
        self,
        handler_call_details: grpc.HandlerCallDetails,  # noqa: ARG002 - gRPC's signature
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """One form fits all: a call that is refused carries no message."""
        return grpc.stream_stream_rpc_method_handler(self._refuse)

    async def _refuse(self, _: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]") -> None:
        context.set_trailing_metadata(((DETAILS_KEY, details_of(self._error)),))
        await context.abort(grpc_code(self._error.code), text_of(self._error))
