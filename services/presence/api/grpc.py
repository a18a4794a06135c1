"""PresenceService over gRPC. Handlers unpack, call a use case and pack."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from chatly.presence.v1 import presence_service_pb2 as pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceServicer

from kernel.grpc.context import current_user
from kernel.ids import UserId
from services.presence.api.mapping import presence_pb, response_pb, status_in, user_ids
from services.presence.connect import Connect
from services.presence.presences import EraseUser, GetPresence, SetStatus

Context = grpc.aio.ServicerContext[Any, Any]


class PresenceServicer(PresenceServiceServicer):
    def __init__(
        self, *, connect: Connect, get_presence: GetPresence, set_status: SetStatus, erase_user: EraseUser
    ) -> None:
        self._connect = connect
        self._get_presence = get_presence
        self._set_status = set_status
        self._erase_user = erase_user

    async def Connect(self, request: pb.ConnectRequest, context: Context) -> AsyncIterator[pb.ConnectResponse]:
        updates = self._connect(user_id=current_user().user_id, device_id=request.device_id)
        async with aclosing(updates):
            async for update in updates:
                yield response_pb(update)

    async def GetPresence(self, request: pb.GetPresenceRequest, context: Context) -> pb.GetPresenceResponse:
        presences = await self._get_presence(user_ids(request), caller=current_user().user_id)
        return pb.GetPresenceResponse(presences=map(presence_pb, presences))

    async def SetStatus(self, request: pb.SetStatusRequest, context: Context) -> pb.SetStatusResponse:
        presence = await self._set_status(status_in(request), caller=current_user().user_id)
        return pb.SetStatusResponse(presence=presence_pb(presence))

    async def EraseUser(self, request: pb.EraseUserRequest, context: Context) -> pb.EraseUserResponse:
        await self._erase_user(UserId(request.user_id.lower()))
        return pb.EraseUserResponse()
