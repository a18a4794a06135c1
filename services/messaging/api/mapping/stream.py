"""Requests and results of SendMessages between the model and the protos."""

from collections.abc import AsyncIterator
from typing import cast

from chatly.messaging.v1.messaging_service_pb2 import SendError, SendMessagesRequest, SendMessagesResponse

from kernel.errors import ChatlyError
from kernel.grpc.interceptors.validation import Malformed, validate
from kernel.grpc.status import grpc_code, text_of
from services.messaging.api.mapping.messages import draft, message_pb
from services.messaging.live.send_messages import SendRequest, SendResult
from services.messaging.model import Draft


async def send_requests(requests: AsyncIterator[SendMessagesRequest | Malformed]) -> AsyncIterator[SendRequest]:
    """Yield the sends of a stream. A request that breaks the protos' rules fails that send alone, not the stream."""
    async for request in requests:
        # A request that cannot be parsed has no client_message_id.
        client_message_id = "" if isinstance(request, Malformed) else request.send.client_message_id
        yield SendRequest(client_message_id, _draft_or_error(request))


def _draft_or_error(request: SendMessagesRequest | Malformed) -> Draft | ChatlyError:
    try:
        validate(request)
        return draft(cast("SendMessagesRequest", request).send)
    except ChatlyError as error:
        return error


def send_result_pb(result: SendResult) -> SendMessagesResponse:
    """Return the response to one send, with its message or its error."""
    response = SendMessagesResponse(client_message_id=result.client_message_id)
    if isinstance(result.outcome, ChatlyError):
        response.error.CopyFrom(_error(result.outcome))
    else:
        response.message.CopyFrom(message_pb(result.outcome))
    return response


def _error(error: ChatlyError) -> SendError:
    return SendError(
        code=grpc_code(error.code).value[0],
        reason=error.reason,
        message=text_of(error),
        retry_after_ms=round((error.retry_after or 0) * 1000),
    )
