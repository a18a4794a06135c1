"""Builds the auth service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from chatly.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from chatly.auth.v1.user_service_pb2_grpc import add_UserServiceServicer_to_server

from kernel.platform import Platform
from kernel.service import Service
from services.auth.access_tokens import AccessTokens, OwnTokenKeys
from services.auth.adapters.grpc.avatars import MediaAvatars
from services.auth.api.grpc.auth import AuthServicer, AuthUseCases
from services.auth.api.grpc.user import UserServicer, UserUseCases
from services.auth.api.http import jwks_route
from services.auth.batch_get_blocks import BatchGetBlocks
from services.auth.batch_get_users import BatchGetUsers
from services.auth.block_user import BlockUser
from services.auth.change_password import ChangePassword
from services.auth.credentials import Credentials
from services.auth.delete_account import DeleteAccount
from services.auth.get_me import GetMe
from services.auth.get_user import GetUser
from services.auth.jwks import GetJwks
from services.auth.keys import KeyRing
from services.auth.list_blocked_users import ListBlockedUsers
from services.auth.list_sessions import ListSessions
from services.auth.list_users import ListUsers
from services.auth.login import Login
from services.auth.logout import Logout
from services.auth.loops import every, forget_outlived
from services.auth.passwords import Passwords
from services.auth.refresh import Refresh
from services.auth.register import Register
from services.auth.revocations import Revocations
from services.auth.revoke_session import RevokeSession
from services.auth.search_users import SearchUsers
from services.auth.settings import AuthSettings
from services.auth.unblock_user import UnblockUser
from services.auth.update_me import UpdateMe
from services.auth.wiring.stores import Stores, open_stores


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What several use cases share."""

    credentials: Credentials
    passwords: Passwords
    key_ring: KeyRing
    revocations: Revocations
    tokens: AccessTokens


@asynccontextmanager
async def open_auth(settings: AuthSettings, platform: Platform) -> AsyncIterator[Service]:
    """The auth service. Its keys are read, or made, before it is there."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, platform))
        passwords = Passwords(cost=settings.bcrypt_cost, queue=settings.hashing_queue)
        stack.enter_context(closing(passwords))
        parts = _parts(settings, platform, stores, passwords)
        await parts.key_ring.refresh()
        await parts.revocations.refresh()
        yield _service(platform, stores, parts)


def _parts(settings: AuthSettings, platform: Platform, stores: Stores, passwords: Passwords) -> _Parts:
    clock = platform.clock
    token_life = timedelta(seconds=settings.access_token_seconds)
    rotate_every = timedelta(hours=settings.key_rotation_hours)
    key_ring = KeyRing(store=stores.keys, clock=clock, rotate_every=rotate_every, token_life=token_life)
    return _Parts(
        credentials=Credentials(
            accounts=stores.accounts,
            sessions=stores.sessions,
            passwords=passwords,
            limiter=stores.attempts,
            clock=clock,
        ),
        passwords=passwords,
        key_ring=key_ring,
        revocations=Revocations(endings=stores.endings, clock=clock, token_life=token_life),
        tokens=AccessTokens(keys=key_ring, clock=clock, life=token_life),
    )


def _service(platform: Platform, stores: Stores, parts: _Parts) -> Service:
    auth = _auth_use_cases(platform, stores, parts)
    users = _user_use_cases(platform, stores)
    forget = forget_outlived(stores.forgetting, platform.clock)
    return Service(
        name="auth",
        grpc_services=("chatly.auth.v1.AuthService", "chatly.auth.v1.UserService"),
        mount=(
            partial(add_AuthServiceServicer_to_server, AuthServicer(auth, clock=platform.clock)),
            partial(add_UserServiceServicer_to_server, UserServicer(users)),
        ),
        routes=(jwks_route(auth.get_jwks),),
        loops={
            "keys": partial(every, 60, parts.key_ring.refresh, name="keys"),
            "revocations": partial(every, 1, parts.revocations.refresh, name="revocations"),
            "forgetting": partial(every, 60, forget, name="forgetting"),
        },
        health={"store": stores.health},
        token_keys=OwnTokenKeys(keys=parts.key_ring, revocations=parts.revocations),
    )


def _auth_use_cases(platform: Platform, stores: Stores, parts: _Parts) -> AuthUseCases:
    clock, accounts, changes, sessions = platform.clock, stores.accounts, stores.changes, stores.sessions
    endings = parts.revocations
    credentials, passwords, tokens = parts.credentials, parts.passwords, parts.tokens
    return AuthUseCases(
        register=Register(accounts=accounts, passwords=passwords, clock=clock),
        login=Login(
            credentials=credentials,
            accounts=accounts,
            changes=changes,
            sessions=sessions,
            endings=endings,
            passwords=passwords,
            tokens=tokens,
            clock=clock,
        ),
        refresh=Refresh(
            accounts=accounts,
            sessions=sessions,
            endings=endings,
            refresh_tokens=stores.refresh_tokens,
            tokens=tokens,
            clock=clock,
        ),
        logout=Logout(endings=endings, clock=clock),
        change_password=ChangePassword(
            credentials=credentials,
            changes=changes,
            sessions=sessions,
            endings=endings,
            passwords=passwords,
            clock=clock,
        ),
        list_sessions=ListSessions(sessions=sessions, clock=clock),
        revoke_session=RevokeSession(sessions=sessions, endings=endings, clock=clock),
        delete_account=DeleteAccount(
            credentials=credentials,
            changes=changes,
            sessions=sessions,
            endings=endings,
            blocks=stores.blocks,
            clock=clock,
        ),
        get_jwks=GetJwks(keys=parts.key_ring, revocations=endings),
    )


def _user_use_cases(platform: Platform, stores: Stores) -> UserUseCases:
    clock, accounts, blocks = platform.clock, stores.accounts, stores.blocks
    return UserUseCases(
        list_users=ListUsers(directory=stores.directory),
        search_users=SearchUsers(directory=stores.directory),
        get_user=GetUser(accounts=accounts),
        batch_get_users=BatchGetUsers(accounts=accounts),
        get_me=GetMe(accounts=accounts),
        update_me=UpdateMe(changes=stores.changes, avatars=MediaAvatars(platform.user_channel("media")), clock=clock),
        block_user=BlockUser(accounts=accounts, blocks=blocks, clock=clock),
        unblock_user=UnblockUser(blocks=blocks),
        list_blocked_users=ListBlockedUsers(accounts=accounts, blocks=blocks),
        batch_get_blocks=BatchGetBlocks(accounts=accounts, blocks=blocks),
    )
