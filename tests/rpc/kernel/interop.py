"""The server of gRPC's interoperability tests: grpc.testing.TestService."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

_messages: Any = grpc
pb: Any = _messages.protos("tests/rpc/kernel/interop.proto")
Context = grpc.aio.ServicerContext[Any, Any]

_INITIAL, _TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def test_service() -> "Mapping[str, Mapping[str, grpc.RpcMethodHandler[Any, Any]]]":
    """Return the handlers of the service."""
    make: Any = grpc
    return {
        "grpc.testing.TestService": {
            "EmptyCall": make.unary_unary_rpc_method_handler(_empty, *_codec(pb.Empty, pb.Empty)),
            "UnaryCall": make.unary_unary_rpc_method_handler(_unary, *_codec(pb.SimpleRequest, pb.SimpleResponse)),
            "StreamingInputCall": make.stream_unary_rpc_method_handler(
                _input, *_codec(pb.StreamingInputCallRequest, pb.StreamingInputCallResponse)
            ),
            "StreamingOutputCall": make.unary_stream_rpc_method_handler(
                _output, *_codec(pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse)
            ),
            "FullDuplexCall": make.stream_stream_rpc_method_handler(
                _duplex, *_codec(pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse)
            ),
        }
    }


def _codec(request: Any, response: Any) -> tuple[Any, Any]:  # noqa: ANN401 - classes made at run time
    return request.FromString, response.SerializeToString


async def _echo_metadata(context: Context) -> None:
    given = dict(tuple(context.invocation_metadata() or ()))
    if _INITIAL in given:
        await context.send_initial_metadata(((_INITIAL, given[_INITIAL]),))
    if _TRAILING in given:
        context.set_trailing_metadata(((_TRAILING, given[_TRAILING]),))


async def _check_status(request: Any, context: Context) -> None:  # noqa: ANN401
    if request.HasField("response_status"):
        await context.abort(_CODES[request.response_status.code], request.response_status.message)


async def _empty(_: object, __: Context) -> Any:  # noqa: ANN401
    return pb.Empty()


async def _unary(request: Any, context: Context) -> Any:  # noqa: ANN401
    await _echo_metadata(context)
    await _check_status(request, context)
    return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))


async def _input(requests: AsyncIterator[Any], _: Context) -> Any:  # noqa: ANN401
    size = sum([len(request.payload.body) async for request in requests])
    return pb.StreamingInputCallResponse(aggregated_payload_size=size)


async def _output(request: Any, _: Context) -> AsyncIterator[Any]:  # noqa: ANN401
    for parameters in request.response_parameters:
        await asyncio.sleep(parameters.interval_us / 1e6)
        yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)))


async def _duplex(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
    await _echo_metadata(context)
    async for request in requests:
        await _check_status(request, context)
        async for response in _output(request, context):
            yield response
