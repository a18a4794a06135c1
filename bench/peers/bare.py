"""A baseline: a grpc.aio server with the same protos that delivers messages and stores nothing.

Started alone (`python -m bench.peers.bare`) it prints its port. A token is a user's id, and every stream is in every
group.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid1

import grpc
import grpc.aio
import uvloop
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.live_pb2 import CaughtUp, LiveEvent
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import (
    MessagingServiceServicer,
    add_MessagingServiceServicer_to_server,
)

Context = grpc.aio.ServicerContext[Any, Any]
Inbox = asyncio.Queue[pb.SubscribeResponse]


class BareMessaging(MessagingServiceServicer):
    """Unary calls in, streams out, in the simplest way that grpc.aio allows."""

    def __init__(self) -> None:
        self._inboxes: defaultdict[str, set[Inbox]] = defaultdict(set)

    async def SendMessage(self, request: pb.SendMessageRequest, context: Context) -> pb.SendMessageResponse:
        message = Message(
            message_id=str(uuid1()),
            chat_id=request.chat_id,
            sender_id=_user_id(context),
            receiver_id=request.user_id,
            client_message_id=request.client_message_id,
            text=request.text,
        )
        message.created_at.GetCurrentTime()
        event = LiveEvent(event_id=message.message_id, chat_id=message.chat_id, message_created=message)
        news = pb.SubscribeResponse(events=[event])
        for inbox in self._audience(request):
            inbox.put_nowait(news)
        return pb.SendMessageResponse(message=message)

    async def Subscribe(self, request: pb.SubscribeRequest, context: Context) -> AsyncIterator[pb.SubscribeResponse]:
        inbox: Inbox = asyncio.Queue()
        inboxes = self._inboxes[_user_id(context)]
        inboxes.add(inbox)
        try:
            yield pb.SubscribeResponse(events=[LiveEvent(caught_up=CaughtUp())])
            while True:
                yield await inbox.get()
        finally:
            inboxes.discard(inbox)

    def _audience(self, request: pb.SendMessageRequest) -> list[Inbox]:
        if request.user_id:
            return list(self._inboxes[request.user_id])
        return [inbox for inboxes in self._inboxes.values() for inbox in inboxes]


def _user_id(context: Context) -> str:
    metadata = dict(context.invocation_metadata() or ())
    return str(metadata["authorization"]).removeprefix("Bearer ")


async def main() -> None:
    server = grpc.aio.server()
    add_MessagingServiceServicer_to_server(BareMessaging(), server)  # type: ignore[abstract]  # two calls are enough
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main())
