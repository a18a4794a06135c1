"""Calls any method by its descriptor, up to the first answer."""

from collections.abc import Sequence

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from mesh.edge.contract import Method
from tests.e2e.access.cases import OK
from tests.problems import rpc_reason

_SECONDS = 10.0
# grpc.aio's own words for a stream that was refused while it was writing; what the server said is lost.
_LOST = "Internal error from Core"

Metadata = Sequence[tuple[str, str]]


def key_of(method: Method) -> str:
    """As in the table of cases: `AuthService.Login`."""
    return f"{method.service.rpartition('.')[2]}.{method.name}"


async def outcome(
    channel: grpc.aio.Channel, method: Method, request: Message | Sequence[Message], metadata: Metadata
) -> str:
    """OK once there is an answer, or the reason of the refusal; streams are left after their first answer."""
    try:
        answer = await _first_answer(channel, method, request, metadata)
    except grpc.aio.AioRpcError as error:
        if error.details() == _LOST:
            return await outcome(channel, method, request, metadata)
        return rpc_reason(error)
    # SendMessages answers each send in the stream, also where it refuses it.
    refusal = getattr(answer, "error", None)
    return refusal.reason if refusal is not None and refusal.reason else OK


async def _first_answer(
    channel: grpc.aio.Channel, method: Method, request: Message | Sequence[Message], metadata: Metadata
) -> object:
    described = descriptor_pool.Default().FindServiceByName(method.service).methods_by_name[method.name]
    kind = f"{_arity(described.client_streaming)}_{_arity(described.server_streaming)}"
    answers = message_factory.GetMessageClass(described.output_type)
    multi_callable = getattr(channel, kind)(
        method.path, request_serializer=lambda item: item.SerializeToString(), response_deserializer=answers.FromString
    )
    sent = iter(request) if described.client_streaming and not isinstance(request, Message) else request
    call = multi_callable(sent, metadata=metadata, timeout=_SECONDS)
    if not described.server_streaming:
        return await call
    try:
        return await anext(aiter(call), None)
    finally:
        call.cancel()


def _arity(streaming: object) -> str:
    return "stream" if streaming else "unary"
