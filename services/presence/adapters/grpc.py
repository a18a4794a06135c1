"""Contact lists from the messaging service."""

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId

# The timeout is short, because a connecting client waits for this call. The stream works without the list for a while.
_TIMEOUT_SECONDS = 2.0


class MessagingContactSource:
    """ContactSource over gRPC. Calls MessagingService.ListContacts with the service token."""

    def __init__(self, *, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def contacts(self, user_id: UserId) -> frozenset[UserId]:
        try:
            answer = await self._messaging.ListContacts(
                pb.ListContactsRequest(user_id=user_id), timeout=_TIMEOUT_SECONDS
            )
        except grpc.RpcError as error:
            raise from_rpc_error("messaging", error) from error
        return frozenset(UserId(contact) for contact in answer.user_ids)
