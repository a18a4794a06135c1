"""Calls to messaging and auth with the calling user's token, and a cache of group members."""

from collections.abc import Mapping
from typing import Any

import grpc.aio
from chatly.auth.v1 import user_service_pb2 as auth_pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict

from kernel.cache import TtlCache
from kernel.errors import Code
from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from kernel.time import Clock
from services.media.ports import GroupMembers

_NOT_A_MEMBER = {Code.NOT_FOUND, Code.PERMISSION_DENIED}


class GrpcGroupMembers:
    """GroupMembers over gRPC. Calls MessagingService.GetChat."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def includes(self, chat_id: str, user_id: UserId) -> bool:  # noqa: ARG002 - the token names the user
        try:
            await self._messaging.GetChat(messaging_pb.GetChatRequest(chat_id=chat_id))
        except grpc.aio.AioRpcError as error:
            failure = from_rpc_error("messaging", error)
            if failure.code in _NOT_A_MEMBER:
                return False
            raise failure from error
        return True


class CachedGroupMembers:
    """GroupMembers that caches members for `seconds`. It caches no refusals, so new members see files at once."""

    def __init__(self, members: GroupMembers, *, clock: Clock, seconds: float = 5.0, capacity: int = 10_000) -> None:
        self._members = members
        self._cached: TtlCache[tuple[str, UserId], bool] = TtlCache(capacity=capacity, ttl=seconds, clock=clock)

    async def includes(self, chat_id: str, user_id: UserId) -> bool:
        key = (chat_id, user_id)
        if self._cached.get(key):
            return True
        included = await self._members.includes(chat_id, user_id)
        if included:
            self._cached.put(key, included)
        return included


class GrpcProfiles:
    """Profiles over gRPC. Calls UserService.UpdateMe."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._users = UserServiceStub(channel)

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """Update the profile, and return the JSON response of the edge: `{"user": {…}}`."""
        request = auth_pb.UpdateMeRequest(update_mask=FieldMask(paths=sorted(changes)), **changes)
        try:
            response = await self._users.UpdateMe(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error("auth", error) from error
        return MessageToDict(response, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
