"""Calls any method by its descriptor, up to the first response."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from mesh.edge.contract import Method
from tests.e2e.access.cases import OK
from tests.problems import rpc_reason, rpc_violations

_SECONDS = 10.0
# grpc.aio reports this for a stream that was refused while it was writing; the server's status is lost.
_LOST = "Internal error from Core"

Metadata = Sequence[tuple[str, str]]
Sent = Message | bytes
"""A request, or malformed bytes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """OK or the reason of the refusal, with the invalid fields."""

    reason: str
    fields: frozenset[str] = frozenset()


def key_of(method: Method) -> str:
    """Return the key in the table of cases, e.g. `AuthService.Login`."""
    return f"{method.service.rpartition('.')[2]}.{method.name}"


def request_type(method: Method) -> Descriptor:
    """Return the request type of the method."""
    described = descriptor_pool.Default().FindServiceByName(method.service).methods_by_name[method.name]
    request: Descriptor = described.input_type
    return request


async def outcome(channel: grpc.aio.Channel, method: Method, request: Sent | Sequence[Sent], metadata: Metadata) -> str:
    """Return OK after the first response, or the reason of the refusal."""
    return (await attempt(channel, method, request, metadata)).reason


async def attempt(
    channel: grpc.aio.Channel, method: Method, request: Sent | Sequence[Sent], metadata: Metadata
) -> Outcome:
    """Return the same with the invalid fields."""
    try:
        answer = await _first_answer(channel, method, request, metadata)
    except grpc.aio.AioRpcError as error:
        if error.details() == _LOST:
            return await attempt(channel, method, request, metadata)
        return Outcome(rpc_reason(error), frozenset(rpc_violations(error)))
    # Each send of a stream gets its own response, including refusals.
    if isinstance(answer, messaging.SendMessagesResponse) and answer.HasField("error"):
        violations = answer.error.message.split("; ")
        return Outcome(answer.error.reason, frozenset(violation.partition(":")[0] for violation in violations))
    return Outcome(OK)


async def _first_answer(
    channel: grpc.aio.Channel, method: Method, request: Sent | Sequence[Sent], metadata: Metadata
) -> object:
    described = descriptor_pool.Default().FindServiceByName(method.service).methods_by_name[method.name]
    kind = f"{_arity(described.client_streaming)}_{_arity(described.server_streaming)}"
    answers = message_factory.GetMessageClass(described.output_type)
    multi_callable = getattr(channel, kind)(
        method.path, request_serializer=_serialized, response_deserializer=answers.FromString
    )
    requests = [request] if isinstance(request, Message | bytes) else request
    sent = iter(requests) if described.client_streaming else requests[0]
    call = multi_callable(sent, metadata=metadata, timeout=_SECONDS)
    if not described.server_streaming:
        return await call
    try:
        return await anext(aiter(call), None)
    finally:
        call.cancel()


def _serialized(item: Sent) -> bytes:
    return item if isinstance(item, bytes) else item.SerializeToString()


def _arity(streaming: object) -> str:
    return "stream" if streaming else "unary"
