"""The two streams between the model and the protos: what a subscription carries, and sends with their answers."""

from collections.abc import AsyncIterator
from typing import Final, cast

from chatly.messaging.v1 import live_pb2
from chatly.messaging.v1.messaging_service_pb2 import (
    SendError,
    SendMessagesRequest,
    SendMessagesResponse,
    SubscribeResponse,
)

from history.model import ChatEvent, ChatState
from kernel.errors import ChatlyError
from kernel.grpc.interceptors.validation import Malformed, validate
from kernel.grpc.status import grpc_code, text_of
from kernel.ids import UserId
from services.messaging.api.mapping.live import live_event
from services.messaging.api.mapping.messages import draft, message_pb
from services.messaging.live.ports import ResyncCause
from services.messaging.live.send_messages import Answer, Ask
from services.messaging.model import Draft

_CAUSES: Final = {
    ResyncCause.TOO_OLD: live_pb2.RESYNC_CAUSE_TOO_OLD,
    ResyncCause.OTHER_LOG: live_pb2.RESYNC_CAUSE_OTHER_LOG,
}


class SubscribeWire:
    """Wire of Subscribe: everything becomes bytes here, once, and is only joined from here on."""

    def event(self, event: ChatEvent, state: ChatState | None, *, viewer: UserId | None = None) -> bytes:
        return _response(live_event(event, state, viewer=viewer))

    def cursor(self, cursor: str) -> bytes:
        return SubscribeResponse(cursor=cursor).SerializeToString()

    def caught_up(self, replayed: int) -> bytes:
        return _response(live_pb2.LiveEvent(caught_up=live_pb2.CaughtUp(replayed_count=replayed)))

    def heartbeat(self) -> bytes:
        return _response(live_pb2.LiveEvent(heartbeat=live_pb2.Heartbeat()))

    def resync(self, cause: ResyncCause) -> bytes:
        return _response(live_pb2.LiveEvent(resync=live_pb2.Resync(cause=_CAUSES[cause])))

    def reconnect(self, delay_ms: int) -> bytes:
        return _response(live_pb2.LiveEvent(reconnect=live_pb2.Reconnect(delay_ms=delay_ms)))


def _response(event: live_pb2.LiveEvent) -> bytes:
    return SubscribeResponse(events=[event]).SerializeToString()


async def asks(requests: AsyncIterator[SendMessagesRequest | Malformed]) -> AsyncIterator[Ask]:
    """What is to be sent. What breaks the protos' rules is an error of that one send, not of the stream."""
    async for request in requests:
        # Bytes that are no request at all have no name either.
        name = "" if isinstance(request, Malformed) else request.send.client_message_id
        yield Ask(name, _draft_or_error(request))


def _draft_or_error(request: SendMessagesRequest | Malformed) -> Draft | ChatlyError:
    try:
        validate(request)
        return draft(cast("SendMessagesRequest", request).send)
    except ChatlyError as error:
        return error


def answer_pb(answer: Answer) -> SendMessagesResponse:
    """The message that was made, or why none was."""
    response = SendMessagesResponse(client_message_id=answer.client_message_id)
    if isinstance(answer.result, ChatlyError):
        response.error.CopyFrom(_error(answer.result))
    else:
        response.message.CopyFrom(message_pb(answer.result))
    return response


def _error(error: ChatlyError) -> SendError:
    return SendError(
        code=grpc_code(error.code).value[0],
        reason=error.reason,
        message=text_of(error),
        retry_after_ms=round((error.retry_after or 0) * 1000),
    )
