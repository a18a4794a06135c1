"""Answers calls without a complete request message, which grpcio leaves open until their client gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

import grpc

from kernel.grpc.engine import REQUEST_SECONDS

_MAX_KNOWN: Final = 1_000

Context = grpc.aio.ServicerContext[Any, Any]


class AnsweringHandler(grpc.GenericRpcHandler):
    """Passes the methods of a handler on, and reads the request message itself where there is exactly one.

    grpcio drops a call with one request message if that message does not arrive: it never sends a status.
    """

    def __init__(self, handler: grpc.GenericRpcHandler) -> None:
        self._handler = handler
        self._known: dict[Any, grpc.RpcMethodHandler[Any, Any]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return the handler of a call, or None if the wrapped handler has none."""
        handler = self._handler.service(handler_call_details)
        if handler is None or handler.request_streaming:
            return handler
        known = self._known.get(handler)
        if known is None:
            known = _answering(handler)
            if len(self._known) < _MAX_KNOWN:
                self._known[handler] = known
        return known


def _answering(handler: "grpc.RpcMethodHandler[Any, Any]") -> "grpc.RpcMethodHandler[Any, Any]":
    """Return a handler with a stream of requests that takes its first message."""
    make: Any
    if handler.response_streaming:
        make, call = grpc.stream_stream_rpc_method_handler, _stream(handler.unary_stream)
    else:
        make, call = grpc.stream_unary_rpc_method_handler, _unary(handler.unary_unary)
    made: grpc.RpcMethodHandler[Any, Any] = make(
        call, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
    )
    return made


def _unary(function: Any) -> Any:
    async def call(_: object, context: Context) -> Any:
        return await function(await _message(context), context)

    return call


def _stream(function: Any) -> Any:
    async def items(_: object, context: Context) -> AsyncIterator[Any]:
        answer = function(await _message(context), context)
        if not hasattr(answer, "__aiter__"):
            # This handler calls `context.write` itself.
            await answer
            return
        async with aclosing(answer) as responses:
            async for response in responses:
                yield response

    return items


async def _message(context: Context) -> Any:
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            message = await context.read()
    except TimeoutError:
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The request is not complete")
    if message is grpc.aio.EOF:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "This method takes exactly one request message")
    return message
