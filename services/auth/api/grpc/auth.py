"""AuthService over gRPC: unpack, call the use case, pack. No decisions here."""

from dataclasses import dataclass
from typing import Any

import grpc
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceServicer

from kernel.errors import ChatlyError, Code, KernelReason, unauthenticated
from kernel.grpc.context import current_request, current_user
from kernel.ids import SessionId
from kernel.time import Clock
from services.auth.api.grpc.cookies import REFRESH_COOKIE, cleared_cookies, token_cookies
from services.auth.api.mapping import device, login_pb, refresh_pb, session_pb
from services.auth.change_password import ChangePassword
from services.auth.delete_account import DeleteAccount
from services.auth.jwks import GetJwks
from services.auth.list_sessions import ListSessions
from services.auth.login import Login
from services.auth.logout import Logout
from services.auth.refresh import Refresh
from services.auth.register import Register
from services.auth.revoke_session import RevokeSession

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthUseCases:
    """What AuthService calls."""

    register: Register
    login: Login
    refresh: Refresh
    logout: Logout
    change_password: ChangePassword
    list_sessions: ListSessions
    revoke_session: RevokeSession
    delete_account: DeleteAccount
    get_jwks: GetJwks


class AuthServicer(AuthServiceServicer):
    def __init__(self, use: AuthUseCases, *, clock: Clock) -> None:
        self._use = use
        self._clock = clock

    async def Register(self, request: pb.RegisterRequest, context: Context) -> pb.RegisterResponse:
        account = await self._use.register(username=request.username, email=request.email, password=request.password)
        return pb.RegisterResponse(user_id=account.user_id, username=account.username, message="account made; log in")

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.LoginResponse:
        call = current_request()
        tokens = await self._use.login(email=request.email, password=request.password, device=device(request, call))
        if request.use_cookies:
            await context.send_initial_metadata(token_cookies(tokens, now=self._clock.now(), secure=call.secure))
        return login_pb(tokens, in_cookies=request.use_cookies)

    async def Refresh(self, request: pb.RefreshRequest, context: Context) -> pb.RefreshResponse:
        if request.refresh_token:
            tokens = await self._use.refresh(request.refresh_token, address=current_request().peer_address)
            return refresh_pb(tokens, in_cookies=False)
        return await self._refresh_by_cookie(context)

    async def Logout(self, request: pb.LogoutRequest, context: Context) -> pb.LogoutResponse:
        await self._use.logout(current_user().session_id)
        await _clear_cookies(context)
        return pb.LogoutResponse()

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Context) -> pb.ChangePasswordResponse:
        caller = current_user()
        ended = await self._use.change_password(
            caller.user_id, current=request.current_password, new=request.new_password, keep=caller.session_id
        )
        return pb.ChangePasswordResponse(ended_session_count=ended)

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        caller = current_user()
        sessions = await self._use.list_sessions(caller.user_id)
        return pb.ListSessionsResponse(sessions=[session_pb(each, current=caller.session_id) for each in sessions])

    async def RevokeSession(self, request: pb.RevokeSessionRequest, context: Context) -> pb.RevokeSessionResponse:
        await self._use.revoke_session(current_user().user_id, SessionId(request.session_id.lower()))
        return pb.RevokeSessionResponse()

    async def DeleteAccount(self, request: pb.DeleteAccountRequest, context: Context) -> pb.DeleteAccountResponse:
        await self._use.delete_account(current_user().user_id, password=request.password)
        await _clear_cookies(context)
        return pb.DeleteAccountResponse()

    async def GetJwks(self, request: pb.GetJwksRequest, context: Context) -> pb.GetJwksResponse:
        jwks = await self._use.get_jwks()
        return pb.GetJwksResponse(keys=[pb.Jwk(**key) for key in jwks.keys], revoked_session_ids=jwks.revoked)

    async def _refresh_by_cookie(self, context: Context) -> pb.RefreshResponse:
        call = current_request()
        token = call.cookies.get(REFRESH_COOKIE)
        if not token:
            raise unauthenticated(
                KernelReason.TOKEN_MISSING, "neither a refresh token nor its cookie came with the call"
            )
        try:
            tokens = await self._use.refresh(token, address=call.peer_address)
        except ChatlyError as error:
            if error.code is Code.UNAUTHENTICATED:
                await _clear_cookies(context)
            raise
        await context.send_initial_metadata(token_cookies(tokens, now=self._clock.now(), secure=call.secure))
        return refresh_pb(tokens, in_cookies=True)


async def _clear_cookies(context: Context) -> None:
    await context.send_initial_metadata(cleared_cookies(secure=current_request().secure))
