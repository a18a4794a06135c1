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

from kernel.grpc.tokens import TokenVerifier
from kernel.platform import Engines, Platform
from kernel.service import HealthCheck, Service
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from kernel.time import Clock
from services.auth.access_tokens import AccessTokens, OwnTokenKeys
from services.auth.adapters.bus import BusBlockNotices
from services.auth.adapters.grpc import GrpcMessagesOfUsers, MediaAvatars, MediaPersonalData, PresencePersonalData
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.sqlite.blocks_and_keys import SqliteBlocks, SqliteKeys
from services.auth.adapters.sqlite.erasures import SqliteErasures
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.adapters.sqlite.sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite.users import SqliteUsers
from services.auth.api.grpc import AuthServicer, UserServicer
from services.auth.api.http import jwks_route
from services.auth.blocks import Blocks
from services.auth.change_password import ChangePassword
from services.auth.credentials import Credentials, FreeFailures
from services.auth.delete_account import DeleteAccount
from services.auth.erase_account import EraseAccount
from services.auth.erase_due import EraseDue
from services.auth.erase_user import EraseUser
from services.auth.keys import GetJwks, KeyRing
from services.auth.login import Login
from services.auth.loops import every, expiry_job
from services.auth.passwords import Passwords
from services.auth.ports import (
    AccountChanges,
    AccountStore,
    AttemptLimiter,
    BlockStore,
    ErasureStore,
    ExpiryCleanup,
    KeyStore,
    RefreshTokenStore,
    SessionEndings,
    SessionStore,
    UserDirectory,
)
from services.auth.profiles import Profiles
from services.auth.refresh import Refresh
from services.auth.register import Register
from services.auth.renew_access_token import RenewAccessToken
from services.auth.revocations import Revocations
from services.auth.sessions import Sessions
from services.auth.settings import AuthSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """The open adapters, one per port."""

    accounts: AccountStore
    changes: AccountChanges
    directory: UserDirectory
    sessions: SessionStore
    endings: SessionEndings
    refresh_tokens: RefreshTokenStore
    expiry: ExpiryCleanup
    keys: KeyStore
    blocks: BlockStore
    erasures: ErasureStore
    attempts: AttemptLimiter
    health: HealthCheck


@asynccontextmanager
async def open_auth(settings: AuthSettings, platform: Platform) -> AsyncIterator[Service]:
    """Read or create the signing keys, then open the service."""
    token_life = timedelta(seconds=settings.access_token_seconds)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(_open_stores(platform))
        passwords = Passwords(cost=settings.bcrypt_cost, queue=settings.hashing_queue, clock=platform.clock)
        stack.enter_context(closing(passwords))
        key_ring = KeyRing(
            store=stores.keys,
            clock=platform.clock,
            rotate_every=timedelta(hours=settings.key_rotation_hours),
            token_life=token_life,
        )
        revocations = Revocations(endings=stores.endings, clock=platform.clock, token_life=token_life)
        await key_ring.refresh()
        await revocations.refresh()
        yield _build(
            platform=platform,
            stores=stores,
            passwords=passwords,
            key_ring=key_ring,
            revocations=revocations,
            tokens=AccessTokens(keys=key_ring, clock=platform.clock, life=token_life),
            token_life=token_life,
            session_life=timedelta(days=settings.session_days),
            free_failures=FreeFailures(
                pair=settings.free_failures,
                account=settings.free_failures_account,
                address=settings.free_failures_address,
            ),
        )


def _build(
    *,
    platform: Platform,
    stores: _Stores,
    passwords: Passwords,
    key_ring: KeyRing,
    revocations: Revocations,
    tokens: AccessTokens,
    token_life: timedelta,
    session_life: timedelta,
    free_failures: FreeFailures,
) -> Service:
    clock, accounts, changes = platform.clock, stores.accounts, stores.changes
    credentials = Credentials(
        accounts=accounts,
        sessions=stores.sessions,
        passwords=passwords,
        limiter=stores.attempts,
        clock=clock,
        free=free_failures,
    )
    sessions = Sessions(sessions=stores.sessions, endings=revocations, clock=clock)
    erase = EraseAccount(
        accounts=accounts,
        changes=changes,
        sessions=stores.sessions,
        endings=revocations,
        refresh_tokens=stores.refresh_tokens,
        blocks=stores.blocks,
        limiter=stores.attempts,
        others=(
            MediaPersonalData(platform.service_channel("media")),
            PresencePersonalData(platform.service_channel("presence")),
        ),
        messages=GrpcMessagesOfUsers(platform.service_channel("messaging")),
        clock=clock,
    )
    erase_due = EraseDue(erasures=stores.erasures, erase=erase, clock=clock)
    token_keys = OwnTokenKeys(keys=key_ring, revocations=revocations)
    get_jwks = GetJwks(keys=key_ring, revocations=revocations)
    auth = AuthServicer(
        register=Register(accounts=accounts, passwords=passwords, clock=clock),
        login=Login(
            credentials=credentials,
            accounts=accounts,
            changes=changes,
            sessions=stores.sessions,
            endings=revocations,
            passwords=passwords,
            tokens=tokens,
            clock=clock,
            session_life=session_life,
        ),
        refresh=Refresh(
            accounts=accounts,
            sessions=stores.sessions,
            endings=revocations,
            refresh_tokens=stores.refresh_tokens,
            tokens=tokens,
            clock=clock,
            session_life=session_life,
        ),
        change_password=ChangePassword(
            credentials=credentials, changes=changes, sessions=sessions, passwords=passwords
        ),
        delete_account=DeleteAccount(
            credentials=credentials,
            erasures=stores.erasures,
            erase=erase,
            due=erase_due,
            clock=clock,
            token_life=token_life,
        ),
        renew=RenewAccessToken(
            verifier=TokenVerifier(keys=token_keys, clock=clock),
            sessions=stores.sessions,
            tokens=tokens,
            clock=clock,
        ),
        erase_user=EraseUser(
            accounts=accounts,
            directory=stores.directory,
            sessions=stores.sessions,
            blocks=stores.blocks,
            erasures=stores.erasures,
            erase=erase,
            clock=clock,
            token_life=token_life,
        ),
        sessions=sessions,
        get_jwks=get_jwks,
        clock=clock,
    )
    users = UserServicer(
        profiles=Profiles(
            accounts=accounts,
            changes=changes,
            directory=stores.directory,
            avatars=MediaAvatars(platform.user_channel("media")),
            clock=clock,
        ),
        blocks=Blocks(accounts=accounts, blocks=stores.blocks, notices=BusBlockNotices(bus=platform.bus), clock=clock),
    )
    return Service(
        name="auth",
        grpc_services=("chatly.auth.v1.AuthService", "chatly.auth.v1.UserService"),
        mount=(
            partial(add_AuthServiceServicer_to_server, auth),
            partial(add_UserServiceServicer_to_server, users),
        ),
        routes=(jwks_route(get_jwks),),
        loops={
            "keys": partial(every, 60, key_ring.refresh, name="keys"),
            "revocations": partial(every, 1, revocations.refresh, name="revocations"),
            "expiry": partial(every, 60, expiry_job(stores.expiry, clock), name="expiry"),
            "erasures": erase_due.run,
        },
        health={"store": stores.health},
        token_keys=token_keys,
    )


async def end_all_sessions(data_dir: Path, *, clock: Clock) -> int:
    """End every session in a data folder, and delete the signing keys of access tokens. Return the number of sessions.

    No service may be running. The next start creates a new key.
    """
    async with open_sqlite(data_dir / "auth.db", SCHEMA) as database:
        return await SqliteSessions(database).end_all(at=clock.now())


@asynccontextmanager
async def _open_stores(platform: Platform) -> AsyncIterator[_Stores]:
    """Open Cassandra and Redis if the platform has engines, else `auth.db` and memory."""
    attempts = MemoryAttempts(clock=platform.clock)
    if platform.engines is not None:
        yield _distributed(platform, platform.engines, attempts)
        return
    path = platform.data_dir / "auth.db"
    await asyncio.to_thread(_restrict_access, path)
    async with open_sqlite(path, SCHEMA) as database:
        yield _embedded(database, attempts)


def _embedded(database: SqliteDatabase, attempts: AttemptLimiter) -> _Stores:
    users, sessions, refresh_tokens = SqliteUsers(database), SqliteSessions(database), SqliteRefreshTokens(database)
    return _Stores(
        accounts=users,
        changes=users,
        directory=users,
        sessions=sessions,
        endings=sessions,
        refresh_tokens=refresh_tokens,
        expiry=refresh_tokens,
        keys=SqliteKeys(database),
        blocks=SqliteBlocks(database),
        erasures=SqliteErasures(database),
        attempts=attempts,
        health=partial(_check_file, database),
    )


def _distributed(platform: Platform, engines: Engines, local: AttemptLimiter) -> _Stores:
    from services.auth.adapters.cassandra.stores import open_cassandra_auth_stores
    from services.auth.adapters.redis import FallbackAttempts, RedisAttempts

    stores = open_cassandra_auth_stores(engines.cassandra, clock=platform.clock)
    return _Stores(
        accounts=stores.users,
        changes=stores.users,
        directory=stores.directory,
        sessions=stores.sessions,
        endings=stores.sessions,
        refresh_tokens=stores.refresh_tokens,
        expiry=stores.refresh_tokens,
        keys=stores.keys,
        blocks=stores.blocks,
        erasures=stores.erasures,
        attempts=FallbackAttempts(shared=RedisAttempts(redis=engines.redis), local=local),
        health=partial(_check_keys, stores.keys),
    )


def _restrict_access(path: Path) -> None:
    """Let only the owner read the file, because it contains private keys and password hashes.

    SQLite gives its other files, such as the WAL, the same mode.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)


async def _check_file(database: SqliteDatabase) -> str | None:
    await database.write(lambda connection: connection.execute("PRAGMA user_version").fetchone())
    return None


async def _check_keys(keys: KeyStore) -> str | None:
    await keys.all()
    return None
