"""PersisterService over gRPC. Handlers unpack, call a use case and pack."""

from typing import Any

import grpc
from chatly.persister.v1 import persister_service_pb2 as pb
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceServicer

from services.persister.api.mapping import page_pb, positions, replayed_pb, status_pb
from services.persister.dead_letters import ListDeadLetters, ReplayDeadLetters
from services.persister.status import GetStatus

Context = grpc.aio.ServicerContext[Any, Any]


class PersisterServicer(PersisterServiceServicer):
    def __init__(
        self, *, get_status: GetStatus, list_dead_letters: ListDeadLetters, replay_dead_letters: ReplayDeadLetters
    ) -> None:
        self._get_status = get_status
        self._list_dead_letters = list_dead_letters
        self._replay_dead_letters = replay_dead_letters

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:
        return status_pb(await self._get_status())

    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, context: Context) -> pb.ListDeadLettersResponse:
        page = await self._list_dead_letters(page_size=request.page_size, page_token=request.page_token)
        return page_pb(page)

    async def ReplayDeadLetters(
        self, request: pb.ReplayDeadLettersRequest, context: Context
    ) -> pb.ReplayDeadLettersResponse:
        return replayed_pb(await self._replay_dead_letters(positions(request)))
