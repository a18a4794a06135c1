"""Erasing deleted accounts: in auth and elsewhere, after crashes and outages, and in the files."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from kernel.errors import KernelReason, unavailable
from kernel.ids import SessionId, UserId
from kernel.sqlite.database import open_sqlite
from services.auth import attempts
from services.auth.adapters.memory import MemoryAttempts
from services.auth.adapters.sqlite.blocks_and_keys import SqliteBlocks
from services.auth.adapters.sqlite.erasures import SqliteErasures
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.adapters.sqlite.sessions import SqliteRefreshTokens, SqliteSessions
from services.auth.adapters.sqlite.users import SqliteUsers
from services.auth.erase_account import EraseAccount
from services.auth.erase_due import EraseDue
from services.auth.model import Account, Erasure, ProfileChange, Session
from tests.builders import NOON, an_id
from tests.contract.auth.builders import a_session, an_account
from tests.fakes import FakeClock
from tests.waiting import eventually

BIO, NAME, EMAIL = "Collects rare teapots.", "teapotter", "teapots@example.org"
DEVICE, ADDRESS, LAST_ADDRESS = "Ann's old tablet", "203.0.113.77", "2001:db8:7::7"
OTHER = UserId(an_id())


@dataclass
class FakePersonalData:
    """PersonalData that records users; fails while `unavailable` is set."""

    unavailable: bool = False
    erased: list[UserId] = field(default_factory=list)

    async def erase(self, user_id: UserId) -> None:
        if self.unavailable:
            raise unavailable(KernelReason.SERVICE_UNAVAILABLE, "unreachable")
        self.erased.append(user_id)


@dataclass
class FakeMessages(FakePersonalData):
    """MessagesOfUsers that records users; waits while `held` is set."""

    held: asyncio.Event | None = None
    with_messages: list[UserId] = field(default_factory=list)

    async def erase(self, user_id: UserId, *, delete_messages: bool = False) -> None:
        if self.held is not None:
            await self.held.wait()
        await super().erase(user_id)
        if delete_messages:
            self.with_messages.append(user_id)


class AuthData:
    """Auth's stores in one folder, with one account that has used everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.limiter = MemoryAttempts(clock=self.clock)
        self.media, self.presence, self.messages = FakePersonalData(), FakePersonalData(), FakeMessages()
        self.account: Account = replace(an_account(NAME, email=EMAIL), bio="")
        self.sessions_of_ann: list[Session] = []

    async def open(self) -> AsyncIterator["AuthData"]:
        async with open_sqlite(self.folder / "auth.db", SCHEMA) as database:
            self.users, self.sessions = SqliteUsers(database), SqliteSessions(database)
            self.tokens, self.blocks = SqliteRefreshTokens(database), SqliteBlocks(database)
            self.erasures = SqliteErasures(database)
            erase = EraseAccount(
                accounts=self.users,
                changes=self.users,
                sessions=self.sessions,
                endings=self.sessions,
                refresh_tokens=self.tokens,
                blocks=self.blocks,
                limiter=self.limiter,
                others=(self.media, self.presence),
                messages=self.messages,
                clock=self.clock,
            )
            self.due = EraseDue(erasures=self.erasures, erase=erase, clock=self.clock)
            yield self

    async def fill(self) -> None:
        await self.users.add(self.account)
        await self.users.change_profile(self.account.user_id, ProfileChange(bio=BIO), at=NOON)
        logged_out, live = (self.session() for _ in range(2))
        for session in (logged_out, live):
            await self.sessions.add(session, token_hash=token_hash(session))
            await self.sessions.touch(session.session_id, address=LAST_ADDRESS, at=NOON)
        await self.sessions.end([logged_out.session_id], at=NOON)
        await self.blocks.add(self.account.user_id, OTHER, at=NOON)
        self.sessions_of_ann = [logged_out, live]

    def session(self) -> Session:
        return replace(a_session(self.account.user_id), device_name=DEVICE, address=ADDRESS)

    def contents(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.folder.iterdir())

    async def is_due(self) -> bool:
        return bool(await self.erasures.due(self.clock.now(), limit=10))

    async def plan(self) -> None:
        await self.erasures.add([Erasure(self.account.user_id, self.clock.now())])


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[AuthData]:
    async for opened in AuthData(tmp_path).open():
        await opened.fill()
        yield opened


def token_hash(session: Session) -> bytes:
    return session.session_id.encode()


async def test_nothing_personal_is_left_in_the_files(data: AuthData) -> None:
    planted = [BIO, NAME, EMAIL, DEVICE, ADDRESS, LAST_ADDRESS]
    tokens = [token_hash(session).decode() for session in data.sessions_of_ann]
    assert all(text.encode() in data.contents() for text in planted)
    await data.plan()

    await data.due.run_once()

    found = data.contents()
    assert [text for text in planted if text.encode() in found] == []
    account = (await data.users.get([data.account.user_id]))[data.account.user_id]
    assert (account.username, account.email, account.password_hash, account.bio) == ("", "", b"", "")
    assert await data.tokens.find(SessionId(tokens[1]), tokens[1].encode()) is None
    assert await data.blocks.blocked_by([data.account.user_id]) == {}
    assert not await data.is_due()


async def test_ended_sessions_stay_known_until_their_access_tokens_expire(data: AuthData) -> None:
    await data.plan()

    await data.due.run_once()

    ended = await data.sessions.ended_since(NOON - timedelta(minutes=20))
    assert set(ended) == {session.session_id for session in data.sessions_of_ann}


async def test_an_erasure_is_repeated_until_every_service_has_confirmed(data: AuthData) -> None:
    data.media.unavailable = True
    await data.plan()

    await data.due.run_once()
    assert await data.is_due()
    assert (data.media.erased, data.presence.erased) == ([], [data.account.user_id])

    data.media.unavailable = False
    await data.due.run_once()
    assert not await data.is_due()
    assert data.media.erased == [data.account.user_id]


async def test_data_stored_after_the_first_erasure_is_gone_after_the_second(data: AuthData) -> None:
    later = Erasure(data.account.user_id, data.clock.now() + timedelta(minutes=20))
    await data.plan()
    await data.erasures.add([later])
    await data.due.run_once()
    late = replace(data.session(), session_id=SessionId(an_id()))
    await data.sessions.add(late, token_hash=token_hash(late))

    data.clock.advance(20 * 60)
    await data.due.run_once()

    assert DEVICE.encode() not in data.contents()
    assert data.media.erased == [data.account.user_id] * 2


async def test_failed_attempts_at_the_account_are_forgotten(data: AuthData) -> None:
    keys = [
        attempts.account_key(EMAIL),
        attempts.pair_key(EMAIL, LAST_ADDRESS),
        attempts.home_key(EMAIL, LAST_ADDRESS),
        attempts.confirm_key(data.account.user_id),
    ]
    limits = [attempts.AttemptLimit(key, free=6) for key in keys]
    for _ in range(6):
        await data.limiter.begin(limits)
    assert await data.limiter.begin(limits) > 0
    await data.plan()

    await data.due.run_once()

    assert [await data.limiter.reset(key) for key in keys] == [0] * 4


@pytest.mark.parametrize("delete_messages", [False, True])
async def test_messaging_receives_the_choice_of_the_user(data: AuthData, *, delete_messages: bool) -> None:
    user_id = data.account.user_id
    await data.erasures.add([Erasure(user_id, data.clock.now(), delete_messages)])

    await data.due.run_once()

    assert data.messages.erased == [user_id]
    assert data.messages.with_messages == ([user_id] if delete_messages else [])


async def test_an_erasure_with_many_messages_does_not_delay_the_others(data: AuthData) -> None:
    data.messages.held = asyncio.Event()
    await data.plan()
    erasing = asyncio.create_task(data.due.run())
    await eventually(lambda: data.presence.erased == [data.account.user_id])

    await data.erasures.add([Erasure(OTHER, data.clock.now())])
    data.due.wake()

    await eventually(lambda: data.presence.erased == [data.account.user_id, OTHER])
    data.messages.held.set()
    await eventually(lambda: set(data.messages.erased) == {data.account.user_id, OTHER})
    erasing.cancel()
    await asyncio.gather(erasing, return_exceptions=True)


async def test_the_metric_counts_the_erasures_that_failed(data: AuthData) -> None:
    data.messages.unavailable = True
    await data.plan()

    await data.due.run_once()
    assert REGISTRY.get_sample_value("chatly_auth_erasures_overdue") == 1

    data.messages.unavailable = False
    await data.due.run_once()
    assert REGISTRY.get_sample_value("chatly_auth_erasures_overdue") == 0
