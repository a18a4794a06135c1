"""Logins during concurrent changes of the account."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.sqlite.database import SqliteDatabase, open_sqlite
from services.auth.access_tokens import AccessTokens
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.sqlite.blocks_and_keys import SqliteKeys
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.adapters.sqlite.sessions import SqliteSessions
from services.auth.adapters.sqlite.users import SqliteUsers
from services.auth.credentials import Credentials
from services.auth.errors import AuthReason
from services.auth.keys import KeyRing
from services.auth.login import Login
from services.auth.model import Account, Device, Session
from services.auth.passwords import Passwords
from services.auth.register import Register
from tests.fakes import FakeClock

EMAIL, PASSWORD = "alice@example.org", "correct horse"
ADDRESS = "192.0.2.1"
DEVICE = Device(name="Firefox", address=ADDRESS)


class DeletingSessions(SqliteSessions):
    """SessionStore that deletes the account just before it stores a session."""

    def __init__(self, database: SqliteDatabase, users: SqliteUsers) -> None:
        super().__init__(database)
        self._users = users

    async def add(self, session: Session, *, token_hash: bytes) -> None:
        await self._users.delete(session.user_id, at=session.created_at)
        await super().add(session, token_hash=token_hash)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    async with open_sqlite(tmp_path / "auth.db", SCHEMA) as database:
        yield database


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    with closing(Passwords(cost=4, queue=4, threads=1, clock=FakeClock())) as passwords:
        yield passwords


@pytest.fixture
def costlier() -> Iterator[Passwords]:
    with closing(Passwords(cost=5, queue=4, threads=1, clock=FakeClock())) as passwords:
        yield passwords


async def a_login(database: SqliteDatabase, passwords: Passwords, sessions: SqliteSessions | None = None) -> Login:
    clock, users = FakeClock(), SqliteUsers(database)
    sessions = sessions or SqliteSessions(database)
    minutes = timedelta(minutes=15)
    keys = KeyRing(store=SqliteKeys(database), clock=clock, rotate_every=timedelta(days=30), token_life=minutes)
    await keys.refresh()
    credentials = Credentials(
        accounts=users, sessions=sessions, passwords=passwords, limiter=MemoryAttempts(clock=clock), clock=clock
    )
    return Login(
        credentials=credentials,
        accounts=users,
        changes=users,
        sessions=sessions,
        endings=sessions,
        passwords=passwords,
        tokens=AccessTokens(keys=keys, clock=clock, life=minutes),
        clock=clock,
        session_life=timedelta(days=180),
    )


@pytest.fixture
async def user_id(database: SqliteDatabase, passwords: Passwords) -> UserId:
    register = Register(accounts=SqliteUsers(database), passwords=passwords, clock=FakeClock())
    return (await register(username="alice", email=EMAIL, password=PASSWORD, address=ADDRESS)).user_id


async def stored(database: SqliteDatabase, user_id: UserId) -> Account:
    return (await SqliteUsers(database).get([user_id]))[user_id]


async def test_a_login_during_a_deletion_is_rejected_and_leaves_no_session(
    database: SqliteDatabase, passwords: Passwords, user_id: UserId
) -> None:
    login = await a_login(database, passwords, DeletingSessions(database, SqliteUsers(database)))

    with pytest.raises(ChatlyError) as rejected:
        await login(email=EMAIL, password=PASSWORD, device=DEVICE)

    assert rejected.value.reason == AuthReason.WRONG_CREDENTIALS
    assert await SqliteSessions(database).of_user(user_id) == []


async def test_a_login_after_a_change_of_the_cost_hashes_again(
    database: SqliteDatabase, costlier: Passwords, user_id: UserId
) -> None:
    login = await a_login(database, costlier)
    for _ in range(2):
        assert (await login(email=EMAIL, password=PASSWORD, device=DEVICE)).access
        assert (await stored(database, user_id)).password_hash.startswith(b"$2b$05$")


async def test_a_wrong_password_changes_no_hash(database: SqliteDatabase, costlier: Passwords, user_id: UserId) -> None:
    before = await stored(database, user_id)
    login = await a_login(database, costlier)

    with pytest.raises(ChatlyError):
        await login(email=EMAIL, password="wrong", device=DEVICE)

    assert await stored(database, user_id) == before
