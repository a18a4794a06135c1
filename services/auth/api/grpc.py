"""AuthService and UserService over gRPC. Handlers unpack, call a use case and pack."""

from typing import Any

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1 import user_service_pb2 as users_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceServicer
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer

from kernel.errors import ChatlyError, Code, KernelReason, denied, unauthenticated
from kernel.grpc.context import current_request, current_user
from kernel.grpc.time import timestamp
from kernel.ids import SessionId, UserId
from kernel.paging import PageTokens
from kernel.time import Clock
from services.auth.api.mapping import (
    REFRESH_COOKIE,
    cleared_cookies,
    device,
    login_pb,
    own_user_pb,
    profile_change,
    refresh_pb,
    session_pb,
    token_cookies,
    user_pb,
)
from services.auth.blocks import Blocks
from services.auth.change_password import ChangePassword
from services.auth.delete_account import DeleteAccount
from services.auth.erase_user import EraseUser
from services.auth.keys import GetJwks
from services.auth.login import Login
from services.auth.profiles import Profiles
from services.auth.refresh import Refresh
from services.auth.register import Register
from services.auth.renew_access_token import RenewAccessToken
from services.auth.sessions import Sessions

Context = grpc.aio.ServicerContext[Any, Any]


class AuthServicer(AuthServiceServicer):
    def __init__(
        self,
        *,
        register: Register,
        login: Login,
        refresh: Refresh,
        change_password: ChangePassword,
        delete_account: DeleteAccount,
        renew: RenewAccessToken,
        erase_user: EraseUser,
        sessions: Sessions,
        get_jwks: GetJwks,
        clock: Clock,
    ) -> None:
        self._register = register
        self._login = login
        self._refresh = refresh
        self._change_password = change_password
        self._delete_account = delete_account
        self._renew = renew
        self._erase_user = erase_user
        self._sessions = sessions
        self._get_jwks = get_jwks
        self._clock = clock

    async def Register(self, request: auth_pb.RegisterRequest, context: Context) -> auth_pb.RegisterResponse:
        account = await self._register(
            username=request.username,
            email=request.email,
            password=request.password,
            address=current_request().peer_address,
        )
        return auth_pb.RegisterResponse(
            user_id=account.user_id, username=account.username, message="account created; log in"
        )

    async def Login(self, request: auth_pb.LoginRequest, context: Context) -> auth_pb.LoginResponse:
        call = current_request()
        if request.use_cookies and not call.origin:
            # The edge refuses origins of other pages.
            raise denied(KernelReason.CROSS_SITE_REQUEST, "use_cookies is for browsers, which send an Origin header")
        tokens = await self._login(email=request.email, password=request.password, device=device(request, call))
        if request.use_cookies:
            await context.send_initial_metadata(token_cookies(tokens, now=self._clock.now(), secure=call.secure))
        return login_pb(tokens, in_cookies=request.use_cookies)

    async def Refresh(self, request: auth_pb.RefreshRequest, context: Context) -> auth_pb.RefreshResponse:
        if request.refresh_token:
            tokens = await self._refresh(request.refresh_token, address=current_request().peer_address)
            return refresh_pb(tokens, in_cookies=False)
        return await self._refresh_by_cookie(context)

    async def Logout(self, request: auth_pb.LogoutRequest, context: Context) -> auth_pb.LogoutResponse:
        await self._sessions.logout(current_user().session_id)
        await _clear_cookies(context)
        return auth_pb.LogoutResponse()

    async def ChangePassword(
        self, request: auth_pb.ChangePasswordRequest, context: Context
    ) -> auth_pb.ChangePasswordResponse:
        caller = current_user()
        ended = await self._change_password(
            caller.user_id, current=request.current_password, new=request.new_password, keep=caller.session_id
        )
        return auth_pb.ChangePasswordResponse(ended_session_count=ended)

    async def ListSessions(
        self, request: auth_pb.ListSessionsRequest, context: Context
    ) -> auth_pb.ListSessionsResponse:
        caller = current_user()
        sessions = await self._sessions.list(caller.user_id)
        return auth_pb.ListSessionsResponse(sessions=[session_pb(each, current=caller.session_id) for each in sessions])

    async def RevokeSession(
        self, request: auth_pb.RevokeSessionRequest, context: Context
    ) -> auth_pb.RevokeSessionResponse:
        await self._sessions.revoke(current_user().user_id, SessionId(request.session_id.lower()))
        return auth_pb.RevokeSessionResponse()

    async def DeleteAccount(
        self, request: auth_pb.DeleteAccountRequest, context: Context
    ) -> auth_pb.DeleteAccountResponse:
        await self._delete_account(
            current_user().user_id, password=request.password, delete_messages=request.delete_messages
        )
        await _clear_cookies(context)
        return auth_pb.DeleteAccountResponse()

    async def RenewAccessToken(
        self, request: auth_pb.RenewAccessTokenRequest, context: Context
    ) -> auth_pb.RenewAccessTokenResponse:
        token, expires_at = await self._renew(request.access_token)
        return auth_pb.RenewAccessTokenResponse(access_token=token, expires_at=timestamp(expires_at))

    async def EraseUser(self, request: auth_pb.EraseUserRequest, context: Context) -> auth_pb.EraseUserResponse:
        erased = await self._erase_user(
            request.user, delete_messages=request.delete_messages, validate_only=request.validate_only
        )
        return auth_pb.EraseUserResponse(
            user_id=erased.account.user_id,
            username=erased.account.username,
            session_count=erased.sessions,
            blocked_user_count=erased.blocked_users,
            repeats_at=timestamp(erased.repeats_at) if erased.repeats_at else None,
        )

    async def GetJwks(self, request: auth_pb.GetJwksRequest, context: Context) -> auth_pb.GetJwksResponse:
        jwks = await self._get_jwks()
        return auth_pb.GetJwksResponse(keys=[auth_pb.Jwk(**key) for key in jwks.keys], revoked_session_ids=jwks.revoked)

    async def _refresh_by_cookie(self, context: Context) -> auth_pb.RefreshResponse:
        call = current_request()
        token = call.cookie(REFRESH_COOKIE)
        if not token:
            raise unauthenticated(KernelReason.TOKEN_MISSING, "the call has neither a refresh token nor its cookie")
        try:
            tokens = await self._refresh(token, address=call.peer_address)
        except ChatlyError as error:
            if error.code is Code.UNAUTHENTICATED:
                await _clear_cookies(context)
            raise
        await context.send_initial_metadata(token_cookies(tokens, now=self._clock.now(), secure=call.secure))
        return refresh_pb(tokens, in_cookies=True)


class UserServicer(UserServiceServicer):
    def __init__(self, *, profiles: Profiles, blocks: Blocks) -> None:
        self._profiles = profiles
        self._blocks = blocks

    async def ListUsers(self, request: users_pb.ListUsersRequest, context: Context) -> users_pb.ListUsersResponse:
        caller = current_user().user_id
        after = _position("ListUsers", caller, request.page_token)
        page = await self._profiles.list(caller, after=after, size=request.page_size or 50)
        token = _token("ListUsers", caller, page.next_after)
        return users_pb.ListUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def SearchUsers(self, request: users_pb.SearchUsersRequest, context: Context) -> users_pb.SearchUsersResponse:
        caller = current_user().user_id
        scope = f"{caller} {request.query}"
        after = _position("SearchUsers", scope, request.page_token)
        page = await self._profiles.search(caller, query=request.query, after=after, size=request.page_size or 20)
        token = _token("SearchUsers", scope, page.next_after)
        return users_pb.SearchUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def GetUser(self, request: users_pb.GetUserRequest, context: Context) -> users_pb.GetUserResponse:
        return users_pb.GetUserResponse(user=user_pb(await self._profiles.get(_user_id(request.user_id))))

    async def BatchGetUsers(
        self, request: users_pb.BatchGetUsersRequest, context: Context
    ) -> users_pb.BatchGetUsersResponse:
        accounts = await self._profiles.batch_get(list(map(_user_id, request.user_ids)))
        return users_pb.BatchGetUsersResponse(users=map(user_pb, accounts))

    async def GetMe(self, request: users_pb.GetMeRequest, context: Context) -> users_pb.GetMeResponse:
        return users_pb.GetMeResponse(user=own_user_pb(await self._profiles.get_me(current_user().user_id)))

    async def UpdateMe(self, request: users_pb.UpdateMeRequest, context: Context) -> users_pb.UpdateMeResponse:
        account = await self._profiles.update_me(current_user().user_id, profile_change(request))
        return users_pb.UpdateMeResponse(user=own_user_pb(account))

    async def BlockUser(self, request: users_pb.BlockUserRequest, context: Context) -> users_pb.BlockUserResponse:
        await self._blocks.block(current_user().user_id, _user_id(request.user_id))
        return users_pb.BlockUserResponse()

    async def UnblockUser(self, request: users_pb.UnblockUserRequest, context: Context) -> users_pb.UnblockUserResponse:
        await self._blocks.unblock(current_user().user_id, _user_id(request.user_id))
        return users_pb.UnblockUserResponse()

    async def ListBlockedUsers(
        self, request: users_pb.ListBlockedUsersRequest, context: Context
    ) -> users_pb.ListBlockedUsersResponse:
        caller = current_user().user_id
        after = _position("ListBlockedUsers", caller, request.page_token)
        page = await self._blocks.list(caller, after=after, size=request.page_size or 50)
        token = _token("ListBlockedUsers", caller, page.next_after)
        return users_pb.ListBlockedUsersResponse(users=map(user_pb, page.accounts), next_page_token=token)

    async def BatchGetBlocks(
        self, request: users_pb.BatchGetBlocksRequest, context: Context
    ) -> users_pb.BatchGetBlocksResponse:
        blocks = await self._blocks.batch_get(list(map(_user_id, request.user_ids)))
        users = [users_pb.Blocks(user_id=user_id, blocked_user_ids=blocked) for user_id, blocked in blocks.items()]
        return users_pb.BatchGetBlocksResponse(users=users)


async def _clear_cookies(context: Context) -> None:
    await context.send_initial_metadata(cleared_cookies(secure=current_request().secure))


def _user_id(text: str) -> UserId:
    # Clients may send UUIDs in upper case; they are stored in lower case.
    return UserId(text.lower())


def _position(call: str, scope: str, page_token: str) -> str:
    return PageTokens.decode(call, scope, page_token).decode(errors="replace") if page_token else ""


def _token(call: str, scope: str, next_after: str) -> str:
    return PageTokens.encode(call, scope, next_after) if next_after else ""
