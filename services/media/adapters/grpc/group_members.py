"""Asks the messaging service who is in a group, and remembers a yes for a short time."""

import grpc.aio
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.cache import TtlCache
from kernel.errors import Code
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from kernel.time import Clock
from services.media.ports import GroupMembers

_REFUSALS = {Code.NOT_FOUND, Code.PERMISSION_DENIED}


class GrpcGroupMembers:
    """GroupMembers by MessagingService.GetChat, over a channel that hands on the calling user's token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def includes(self, chat_id: str, user_id: UserId) -> bool:  # noqa: ARG002 - the token says who asks
        try:
            await self._messaging.GetChat(pb.GetChatRequest(chat_id=chat_id))
        except grpc.aio.AioRpcError as error:
            failure = from_rpc_error("messaging", error)
            if failure.code in _REFUSALS:
                return False
            raise failure from error
        return True


class CachedGroupMembers:
    """GroupMembers that asks again only after some seconds. A no is not kept: who is just added shall see at once."""

    def __init__(self, members: GroupMembers, *, clock: Clock, seconds: float = 5.0, capacity: int = 10_000) -> None:
        self._members = members
        self._known: TtlCache[tuple[str, UserId], bool] = TtlCache(capacity=capacity, ttl=seconds, clock=clock)

    async def includes(self, chat_id: str, user_id: UserId) -> bool:
        key = (chat_id, user_id)
        if self._known.get(key):
            return True
        included = await self._members.includes(chat_id, user_id)
        if included:
            self._known.put(key, included)
        return included
