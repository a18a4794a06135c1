"""Users and their blocks, asked of the auth service."""

import asyncio
from collections.abc import Collection, Sequence

import grpc
from chatly.auth.v1.user_service_pb2 import BatchGetBlocksRequest
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub

from kernel.grpc.client import from_rpc_error
from kernel.ids import UserId
from services.messaging.model import Blocks

_MOST_AT_ONCE = 500


class GrpcUserDirectory:
    """UserDirectory."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """`channel` carries this service's own token."""
        self._users = UserServiceStub(channel)

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        ids = list(user_ids)
        parts = [ids[start : start + _MOST_AT_ONCE] for start in range(0, len(ids), _MOST_AT_ONCE)]
        answers = await asyncio.gather(*map(self._ask, parts))
        return {user_id: blocked for answer in answers for user_id, blocked in answer.items()}

    async def _ask(self, user_ids: Sequence[UserId]) -> Blocks:
        try:
            answer = await self._users.BatchGetBlocks(BatchGetBlocksRequest(user_ids=user_ids))
        except grpc.RpcError as error:
            raise from_rpc_error("auth", error) from error
        return {UserId(user.user_id): frozenset(map(UserId, user.blocked_user_ids)) for user in answer.users}
