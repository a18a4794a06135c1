"""UserService over gRPC: unpack, call the use case, pack. No decisions here."""

from dataclasses import dataclass
from typing import Any

import grpc
from chatly.auth.v1 import user_service_pb2 as pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer

from kernel.grpc.context import current_user
from kernel.ids import UserId
from kernel.paging import PageTokens
from services.auth.api.mapping import own_user_pb, profile_change, user_pb
from services.auth.batch_get_blocks import BatchGetBlocks
from services.auth.batch_get_users import BatchGetUsers
from services.auth.block_user import BlockUser
from services.auth.get_me import GetMe
from services.auth.get_user import GetUser
from services.auth.list_blocked_users import ListBlockedUsers
from services.auth.list_users import ListUsers
from services.auth.search_users import SearchUsers
from services.auth.unblock_user import UnblockUser
from services.auth.update_me import UpdateMe

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUseCases:
    """What UserService calls."""

    list_users: ListUsers
    search_users: SearchUsers
    get_user: GetUser
    batch_get_users: BatchGetUsers
    get_me: GetMe
    update_me: UpdateMe
    block_user: BlockUser
    unblock_user: UnblockUser
    list_blocked_users: ListBlockedUsers
    batch_get_blocks: BatchGetBlocks


class UserServicer(UserServiceServicer):
    def __init__(self, use: UserUseCases) -> None:
        self._use = use

    async def ListUsers(self, request: pb.ListUsersRequest, context: Context) -> pb.ListUsersResponse:
        caller = current_user().user_id
        after = _position("ListUsers", caller, request.page_token)
        page = await self._use.list_users(caller, after=after, size=request.page_size or 50)
        token = _token("ListUsers", caller, page.next_after)
        return pb.ListUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def SearchUsers(self, request: pb.SearchUsersRequest, context: Context) -> pb.SearchUsersResponse:
        caller = current_user().user_id
        scope = f"{caller} {request.query}"
        after = _position("SearchUsers", scope, request.page_token)
        page = await self._use.search_users(caller, query=request.query, after=after, size=request.page_size or 20)
        token = _token("SearchUsers", scope, page.next_after)
        return pb.SearchUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def GetUser(self, request: pb.GetUserRequest, context: Context) -> pb.GetUserResponse:
        return pb.GetUserResponse(user=user_pb(await self._use.get_user(_user_id(request.user_id))))

    async def BatchGetUsers(self, request: pb.BatchGetUsersRequest, context: Context) -> pb.BatchGetUsersResponse:
        accounts = await self._use.batch_get_users(list(map(_user_id, request.user_ids)))
        return pb.BatchGetUsersResponse(users=map(user_pb, accounts))

    async def GetMe(self, request: pb.GetMeRequest, context: Context) -> pb.GetMeResponse:
        return pb.GetMeResponse(user=own_user_pb(await self._use.get_me(current_user().user_id)))

    async def UpdateMe(self, request: pb.UpdateMeRequest, context: Context) -> pb.UpdateMeResponse:
        account = await self._use.update_me(current_user().user_id, profile_change(request))
        return pb.UpdateMeResponse(user=own_user_pb(account))

    async def BlockUser(self, request: pb.BlockUserRequest, context: Context) -> pb.BlockUserResponse:
        await self._use.block_user(current_user().user_id, _user_id(request.user_id))
        return pb.BlockUserResponse()

    async def UnblockUser(self, request: pb.UnblockUserRequest, context: Context) -> pb.UnblockUserResponse:
        await self._use.unblock_user(current_user().user_id, _user_id(request.user_id))
        return pb.UnblockUserResponse()

    async def ListBlockedUsers(
        self, request: pb.ListBlockedUsersRequest, context: Context
    ) -> pb.ListBlockedUsersResponse:
        caller = current_user().user_id
        after = _position("ListBlockedUsers", caller, request.page_token)
        page = await self._use.list_blocked_users(caller, after=after, size=request.page_size or 50)
        token = _token("ListBlockedUsers", caller, page.next_after)
        return pb.ListBlockedUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def BatchGetBlocks(self, request: pb.BatchGetBlocksRequest, context: Context) -> pb.BatchGetBlocksResponse:
        blocks = await self._use.batch_get_blocks(list(map(_user_id, request.user_ids)))
        users = [pb.Blocks(user_id=user_id, blocked_user_ids=blocked) for user_id, blocked in blocks.items()]
        return pb.BatchGetBlocksResponse(users=users)


def _user_id(text: str) -> UserId:
    # UUIDs may come in capitals; ours are kept in lower case.
    return UserId(text.lower())


def _position(call: str, scope: str, page_token: str) -> str:
    return PageTokens.decode(call, scope, page_token).decode(errors="replace") if page_token else ""


def _token(call: str, scope: str, next_after: str) -> str:
    return PageTokens.encode(call, scope, next_after) if next_after else ""
