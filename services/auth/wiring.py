"""Builds the auth service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from chatly.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from chatly.auth.v1.user_service_pb2_grpc import add_UserServiceServicer_to_server

from kernel.platform import Platform
from kernel.service import HealthCheck, Service
from kernel.store.sqlite import SqliteDatabase, open_sqlite
from services.auth.access_tokens import AccessTokens, OwnTokenKeys
from services.auth.adapters.media_avatars import MediaAvatars
from services.auth.adapters.memory_attempts import MemoryAttempts
from services.auth.adapters.schema import SCHEMA
from services.auth.adapters.sqlite_blocks import SqliteBlocks
from services.auth.adapters.sqlite_keys import SqliteKeys
from services.auth.adapters.sqlite_sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite_users import SqliteUsers
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
from services.auth.rpc.auth import AuthServicer, AuthUseCases
from services.auth.rpc.http import jwks_route
from services.auth.rpc.user import UserServicer, UserUseCases
from services.auth.search_users import SearchUsers
from services.auth.settings import AuthSettings
from services.auth.unblock_user import UnblockUser
from services.auth.update_me import UpdateMe


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    users: SqliteUsers
    sessions: SqliteSessions
    refresh_tokens: SqliteRefreshTokens
    keys: SqliteKeys
    blocks: SqliteBlocks
    health: HealthCheck


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
    """The auth service over `auth.db` in the data folder. Its keys are read, or made, before it is there."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(_open_stores(platform.data_dir / "auth.db"))
        passwords = Passwords(cost=settings.bcrypt_cost, queue=settings.hashing_queue)
        stack.enter_context(closing(passwords))
        parts = _parts(settings, platform, stores, passwords)
        await parts.key_ring.refresh()
        await parts.revocations.refresh()
        yield _service(platform, stores, parts)


@asynccontextmanager
async def _open_stores(path: Path) -> AsyncIterator[_Stores]:
    await asyncio.to_thread(_keep_private, path)
    async with open_sqlite(path, SCHEMA) as database:
        yield _Stores(
            users=SqliteUsers(database),
            sessions=SqliteSessions(database),
            refresh_tokens=SqliteRefreshTokens(database),
            keys=SqliteKeys(database),
            blocks=SqliteBlocks(database),
            health=partial(_check_store, database),
        )


def _keep_private(path: Path) -> None:
    """The file holds private keys and password hashes: only its owner may read it. SQLite's other files follow suit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


async def _check_store(database: SqliteDatabase) -> str | None:
    await database.write(lambda connection: connection.execute("PRAGMA user_version").fetchone())
    return None


def _parts(settings: AuthSettings, platform: Platform, stores: _Stores, passwords: Passwords) -> _Parts:
    clock = platform.clock
    token_life = timedelta(seconds=settings.access_token_seconds)
    rotate_every = timedelta(hours=settings.key_rotation_hours)
    key_ring = KeyRing(store=stores.keys, clock=clock, rotate_every=rotate_every, token_life=token_life)
    limiter = MemoryAttempts(clock=clock, free=settings.free_failures)
    return _Parts(
        credentials=Credentials(
            accounts=stores.users, sessions=stores.sessions, passwords=passwords, limiter=limiter, clock=clock
        ),
        passwords=passwords,
        key_ring=key_ring,
        revocations=Revocations(endings=stores.sessions, clock=clock, token_life=token_life),
        tokens=AccessTokens(keys=key_ring, clock=clock, life=token_life),
    )


def _service(platform: Platform, stores: _Stores, parts: _Parts) -> Service:
    auth = _auth_use_cases(platform, stores, parts)
    users = _user_use_cases(platform, stores)
    forget = forget_outlived(stores.refresh_tokens, platform.clock)
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


def _auth_use_cases(platform: Platform, stores: _Stores, parts: _Parts) -> AuthUseCases:
    clock, users, sessions, endings = platform.clock, stores.users, stores.sessions, parts.revocations
    credentials, passwords, tokens = parts.credentials, parts.passwords, parts.tokens
    return AuthUseCases(
        register=Register(accounts=users, passwords=passwords, clock=clock),
        login=Login(
            credentials=credentials,
            accounts=users,
            changes=users,
            sessions=sessions,
            endings=endings,
            passwords=passwords,
            tokens=tokens,
            clock=clock,
        ),
        refresh=Refresh(
            accounts=users,
            sessions=sessions,
            endings=endings,
            refresh_tokens=stores.refresh_tokens,
            tokens=tokens,
            clock=clock,
        ),
        logout=Logout(endings=endings, clock=clock),
        change_password=ChangePassword(
            credentials=credentials,
            changes=users,
            sessions=sessions,
            endings=endings,
            passwords=passwords,
            clock=clock,
        ),
        list_sessions=ListSessions(sessions=sessions, clock=clock),
        revoke_session=RevokeSession(sessions=sessions, endings=endings, clock=clock),
        delete_account=DeleteAccount(
            credentials=credentials,
            changes=users,
            sessions=sessions,
            endings=endings,
            blocks=stores.blocks,
            clock=clock,
        ),
        get_jwks=GetJwks(keys=parts.key_ring, revocations=endings),
    )


def _user_use_cases(platform: Platform, stores: _Stores) -> UserUseCases:
    clock, users, blocks = platform.clock, stores.users, stores.blocks
    return UserUseCases(
        list_users=ListUsers(directory=users),
        search_users=SearchUsers(directory=users),
        get_user=GetUser(accounts=users),
        batch_get_users=BatchGetUsers(accounts=users),
        get_me=GetMe(accounts=users),
        update_me=UpdateMe(changes=users, avatars=MediaAvatars(platform.user_channel("media")), clock=clock),
        block_user=BlockUser(accounts=users, blocks=blocks, clock=clock),
        unblock_user=UnblockUser(blocks=blocks),
        list_blocked_users=ListBlockedUsers(accounts=users, blocks=blocks),
        batch_get_blocks=BatchGetBlocks(accounts=users, blocks=blocks),
    )
