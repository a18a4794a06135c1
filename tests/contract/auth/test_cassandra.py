"""Cassandra only: nodes that die between two writes, and rows that expire."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from kernel.cassandra.session import CassandraSession
from kernel.errors import ChatlyError
from kernel.ids import UserId
from services.auth.adapters.cassandra.claims import HELD_FOR, CassandraClaims
from services.auth.adapters.cassandra.name_index import CassandraNameIndex, Entry
from services.auth.adapters.cassandra.stores import CassandraAuthStores
from services.auth.adapters.cassandra.user_rows import CassandraUserRows
from services.auth.adapters.cassandra.users import CassandraUsers
from services.auth.errors import AuthReason
from services.auth.model import REFRESH_GRACE, SESSION_IDLE, Account, ProfileChange, RefreshToken
from tests.builders import NOON, an_id
from tests.contract.auth.builders import a_session, an_account
from tests.fakes import FakeClock

pytestmark = pytest.mark.engines("cassandra")

Cassandra = tuple[CassandraSession, CassandraAuthStores]
A_DAY = 24 * 3600


class DelayedNameIndex(CassandraNameIndex):
    """Runs another registration between the claims and the account of this one."""

    def __init__(
        self, session: CassandraSession, *, clock: FakeClock, stores: CassandraAuthStores, other: Account
    ) -> None:
        super().__init__(session)
        self._clock = clock
        self._stores = stores
        self._other = other

    async def add(self, entry: Entry, *, revision: int) -> None:
        await super().add(entry, revision=revision)
        self._clock.advance(HELD_FOR.total_seconds())
        await self._stores.users.add(self._other)


async def both_claims(session: CassandraSession, clock: FakeClock, account: Account) -> None:
    for table, folded in (("email_claims", account.email), ("username_claims", account.username)):
        assert await CassandraClaims(session, table=table, clock=clock).take(folded, account.user_id, replacing=None)


async def test_claims_of_a_dead_node_are_free_after_a_minute(cassandra: Cassandra, clock: FakeClock) -> None:
    session, stores = cassandra
    await both_claims(session, clock, an_account("alice", email="a@example.org"))

    with pytest.raises(ChatlyError) as rejected:
        await stores.users.add(an_account("Alice", email="a@example.org"))
    assert rejected.value.reason == AuthReason.EMAIL_TAKEN
    assert await stores.users.find_by_email("a@example.org") is None

    clock.advance(HELD_FOR.total_seconds())
    account = an_account("Alice", email="a@example.org")
    await stores.users.add(account)
    assert await stores.users.find_by_email("a@example.org") == account


async def test_an_account_stays_if_its_node_died_before_confirming(cassandra: Cassandra, clock: FakeClock) -> None:
    session, stores = cassandra
    account = an_account("alice", email="a@example.org")
    await both_claims(session, clock, account)
    await CassandraUserRows(session).add(account)
    clock.advance(2 * HELD_FOR.total_seconds())

    for other in (an_account("bob", email="a@example.org"), an_account("Alice")):
        with pytest.raises(ChatlyError):
            await stores.users.add(other)
    assert await stores.users.find_by_email("a@example.org") == account


async def test_address_and_name_are_free_if_the_node_died_while_deleting_the_account(cassandra: Cassandra) -> None:
    session, stores = cassandra
    account = an_account("alice", email="a@example.org")
    await stores.users.add(account)
    rows = CassandraUserRows(session)
    row = await rows.find(account.user_id)
    assert row is not None
    await rows.replace(row, replace(account, username="", email="", deleted_at=NOON))

    assert await stores.users.find_by_email("a@example.org") is None
    assert await stores.directory.page(prefix="", after="", limit=10) == []
    await stores.users.add(an_account("Alice", email="A@example.org"))


async def test_a_registration_that_exceeds_the_claim_time_is_undone(cassandra: Cassandra, clock: FakeClock) -> None:
    session, stores = cassandra
    quick, slow = an_account("Alice"), an_account("alice")
    tardy = DelayedNameIndex(session, clock=clock, stores=stores, other=quick)
    users = CassandraUsers(session, rows=CassandraUserRows(session), index=tardy, clock=clock)

    with pytest.raises(ChatlyError) as rejected:
        await users.add(slow)

    assert rejected.value.reason == AuthReason.USERNAME_TAKEN
    assert await stores.users.find_by_email(slow.email) is None
    assert await stores.directory.page(prefix="", after="", limit=10) == [quick]
    await stores.users.add(an_account("Slow", email=slow.email))


async def test_concurrent_renames_never_share_or_lose_a_name(cassandra: Cassandra, clock: FakeClock) -> None:
    """Register, rename and delete concurrently, with two requests per user."""
    _, stores = cassandra
    chance = Random(7)
    taken: list[str] = []
    names = [f"name{number}" for number in range(6)]
    people = [an_account(f"first{number}") for number in range(8)]
    for account in people:
        await stores.users.add(account)

    async def rename(account: Account, name: str) -> None:
        with suppress(ChatlyError):
            await stores.users.change_profile(account.user_id, ProfileChange(username=name), at=NOON)

    for _ in range(6):
        changes = [rename(account, chance.choice([*names, account.username])) for account in people * 2]
        await asyncio.gather(*changes, stores.users.delete(people.pop().user_id, at=NOON))
        living = await stores.users.get([account.user_id for account in people])
        taken = sorted(account.username for account in living.values())
        assert len(set(taken)) == len(taken)
        listed = await stores.directory.page(prefix="", after="", limit=100)
        assert [account.username for account in listed] == taken

    clock.advance(HELD_FOR.total_seconds())
    for name in names:
        if name in taken:
            with pytest.raises(ChatlyError):
                await stores.users.add(an_account(name))
        else:
            await stores.users.add(an_account(name))


async def test_a_rename_that_exceeds_the_claim_time_keeps_the_old_name(cassandra: Cassandra, clock: FakeClock) -> None:
    session, stores = cassandra
    slow, quick = an_account("Slow"), an_account("Alice")
    await stores.users.add(slow)
    tardy = DelayedNameIndex(session, clock=clock, stores=stores, other=quick)
    users = CassandraUsers(session, rows=CassandraUserRows(session), index=tardy, clock=clock)

    with pytest.raises(ChatlyError) as rejected:
        await users.change_profile(slow.user_id, ProfileChange(username="alice"), at=NOON)

    assert rejected.value.reason == AuthReason.USERNAME_TAKEN
    assert await stores.directory.page(prefix="", after="", limit=10) == [quick, slow]
    with pytest.raises(ChatlyError):
        await stores.users.add(an_account("slow"))


async def test_a_repeated_end_completes_the_list_of_ended_sessions(cassandra: Cassandra) -> None:
    session, stores = cassandra
    ended = a_session()
    await stores.sessions.add(ended, token_hash=b"hash")
    micros = int(NOON.timestamp()) * 1_000_000
    update = "UPDATE sessions SET ended_at = ? WHERE session_id = ? IF ended_at = null"
    await session.execute(update, (micros, ended.session_id))
    assert list(await stores.sessions.ended_since(NOON)) == []

    assert await stores.sessions.end([ended.session_id], at=NOON + timedelta(seconds=5)) == 0

    assert list(await stores.sessions.ended_since(NOON)) == [ended.session_id]


async def test_sessions_and_tokens_expire_a_day_after_their_last_possible_use(cassandra: Cassandra) -> None:
    session, stores = cassandra
    mine = a_session()
    await stores.sessions.add(mine, token_hash=b"hash")
    token = RefreshToken(token_hash=b"hash", session_id=mine.session_id)
    await stores.refresh_tokens.rotate(token, successor_hash=b"next", salt=b"salt", at=NOON)
    await stores.sessions.touch(mine.session_id, address="192.0.2.9", at=NOON + timedelta(minutes=1))
    await stores.sessions.end([mine.session_id], at=NOON + timedelta(minutes=2))

    rows = await session.execute(
        "SELECT TTL(user_id) AS a, TTL(last_used_at) AS b, TTL(ended_at) AS c FROM sessions WHERE session_id = ?",
        (mine.session_id,),
    )
    tokens = await session.execute("SELECT TTL(live) AS a FROM refresh_tokens WHERE session_id = ?", (mine.session_id,))
    lives = [*rows[0].values(), *(row["a"] for row in tokens)]
    assert len(lives) == 5
    assert all(SESSION_IDLE.total_seconds() < life <= SESSION_IDLE.total_seconds() + A_DAY for life in lives)


async def test_the_salt_of_a_spent_token_expires_after_the_grace_period(cassandra: Cassandra) -> None:
    session, stores = cassandra
    mine = a_session()
    await stores.sessions.add(mine, token_hash=b"hash")
    token = RefreshToken(token_hash=b"hash", session_id=mine.session_id)
    await stores.refresh_tokens.rotate(token, successor_hash=b"next", salt=b"salt", at=NOON)

    query = "SELECT TTL(salt) AS life FROM refresh_tokens WHERE session_id = ? AND token_hash = ?"
    (row,) = await session.execute(query, (mine.session_id, b"hash"))
    assert REFRESH_GRACE.total_seconds() < row["life"] <= 2 * REFRESH_GRACE.total_seconds()


async def test_ending_an_unknown_session_does_not_create_it(cassandra: Cassandra) -> None:
    session, stores = cassandra
    unknown = an_id()

    assert await stores.users.delete(UserId(unknown), at=NOON) is None
    assert await session.execute("SELECT user_id FROM users WHERE user_id = ?", (unknown,)) == []


async def test_pages_continue_within_names_that_share_their_first_letters(cassandra: Cassandra) -> None:
    _, stores = cassandra
    names = [f"same{number:02}" for number in range(12)] + ["sb", "t", "ta"]
    for name in names:
        await stores.users.add(an_account(name))

    seen: list[str] = []
    while page := await stores.directory.page(prefix="", after=seen[-1] if seen else "", limit=5):
        seen += [account.username for account in page]
    assert seen == names
    found = await stores.directory.page(prefix="same", after="same03", limit=100)
    assert [account.username for account in found] == names[4:12]
