"""Asks the auth service to change the calling user's profile."""

from collections.abc import Mapping
from typing import Any

import grpc.aio
from chatly.auth.v1 import user_service_pb2 as pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict

from kernel.grpc.client import from_rpc_error


class GrpcProfiles:
    """Profiles by UserService.UpdateMe, over a channel that hands on the calling user's token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._users = UserServiceStub(channel)

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """As the edge answers the same call in JSON: `{"user": {…}}`."""
        request = pb.UpdateMeRequest(update_mask=FieldMask(paths=sorted(changes)), **changes)
        try:
            response = await self._users.UpdateMe(request)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error("auth", error) from error
        return MessageToDict(response, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
