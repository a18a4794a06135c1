"""Contract of SessionStore, SessionEndings, RefreshTokenStore and ExpiryCleanup, for every adapter."""

import asyncio
import dataclasses
from datetime import timedelta

from kernel.ids import SessionId, UserId
from services.auth.model import RefreshToken
from tests.builders import NOON, an_id
from tests.contract.auth.builders import a_session
from tests.contract.auth.conftest import Stores

MINUTE = timedelta(minutes=1)
HASH, NEXT = b"h" * 32, b"n" * 32


async def test_a_session_is_stored_with_its_first_token(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)

    assert await stores.sessions.get(session.session_id) == session
    token = await stores.refresh_tokens.find(session.session_id, HASH)
    assert token == RefreshToken(token_hash=HASH, session_id=session.session_id)


async def test_unknown_sessions_and_tokens_are_not_found(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)

    assert await stores.sessions.get(SessionId(an_id())) is None
    assert await stores.refresh_tokens.find(session.session_id, NEXT) is None
    assert await stores.refresh_tokens.find(SessionId(an_id()), HASH) is None


async def test_a_users_live_sessions_are_sorted_newest_first(stores: Stores) -> None:
    user = UserId(an_id())
    sessions = [a_session(user, at=NOON + MINUTE * number) for number in range(4)]
    for session in [*sessions, a_session()]:
        await stores.sessions.add(session, token_hash=session.session_id.encode())
    await stores.endings.end([sessions[1].session_id], at=NOON)

    assert await stores.sessions.of_user(user) == [sessions[3], sessions[2], sessions[0]]
    assert await stores.sessions.of_user(UserId(an_id())) == []


async def test_a_use_is_recorded(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)

    await stores.sessions.touch(session.session_id, address="2001:db8::1", at=NOON + MINUTE)

    expected = dataclasses.replace(session, address="2001:db8::1", last_used_at=NOON + MINUTE)
    assert await stores.sessions.get(session.session_id) == expected


async def test_ending_counts_each_session_once_and_keeps_the_first_time(stores: Stores) -> None:
    one, other = a_session(), a_session()
    for session in (one, other):
        await stores.sessions.add(session, token_hash=HASH)

    assert await stores.endings.end([one.session_id], at=NOON) == 1
    assert await stores.endings.end([one.session_id, other.session_id, SessionId(an_id())], at=NOON + MINUTE) == 1
    assert await stores.endings.end([], at=NOON) == 0
    ended = dataclasses.replace(one, device_name="", address="", ended_at=NOON)
    assert await stores.sessions.get(one.session_id) == ended


async def test_a_use_after_the_end_does_not_store_the_address_again(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)
    await stores.endings.end([session.session_id], at=NOON)

    await stores.sessions.touch(session.session_id, address="2001:db8::1", at=NOON + MINUTE)

    found = await stores.sessions.get(session.session_id)
    assert found is not None
    assert (found.device_name, found.address, found.ended_at) == ("", "", NOON)
    assert await stores.sessions.of_user(session.user_id) == []


async def test_the_tokens_of_sessions_are_deleted(stores: Stores) -> None:
    gone, kept = a_session(), a_session()
    for session in (gone, kept):
        await stores.sessions.add(session, token_hash=HASH)

    await stores.refresh_tokens.delete([gone.session_id])
    await stores.refresh_tokens.delete([])

    assert await stores.refresh_tokens.find(gone.session_id, HASH) is None
    assert await stores.refresh_tokens.find(kept.session_id, HASH) is not None


async def test_sessions_ended_since_a_time_are_listed(stores: Stores) -> None:
    early, late, release = a_session(), a_session(), a_session()
    for session in (early, late, release):
        await stores.sessions.add(session, token_hash=HASH)
    await stores.endings.end([early.session_id], at=NOON)
    await stores.endings.end([late.session_id], at=NOON + MINUTE)

    assert set(await stores.endings.ended_since(NOON)) == {early.session_id, late.session_id}
    assert set(await stores.endings.ended_since(NOON + MINUTE)) == {late.session_id}
    assert set(await stores.endings.ended_since(NOON + 2 * MINUTE)) == set()


async def test_a_rotation_spends_a_token_and_stores_its_successor(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)
    token = RefreshToken(token_hash=HASH, session_id=session.session_id)

    spent = await stores.refresh_tokens.rotate(token, successor_hash=NEXT, salt=b"salt", at=NOON)

    assert spent == dataclasses.replace(token, spent_at=NOON, salt=b"salt")
    assert await stores.refresh_tokens.find(session.session_id, HASH) == spent
    successor = RefreshToken(token_hash=NEXT, session_id=session.session_id)
    assert await stores.refresh_tokens.find(session.session_id, NEXT) == successor


async def test_of_concurrent_rotations_one_counts_and_all_return_it(stores: Stores) -> None:
    session = a_session()
    await stores.sessions.add(session, token_hash=HASH)
    token = RefreshToken(token_hash=HASH, session_id=session.session_id)
    salts = [bytes([number]) for number in range(10)]

    answers = await asyncio.gather(
        *(stores.refresh_tokens.rotate(token, successor_hash=salt * 32, salt=salt, at=NOON) for salt in salts)
    )

    assert len({answer.salt for answer in answers}) == 1
    kept = [salt for salt in salts if await stores.refresh_tokens.find(session.session_id, salt * 32)]
    assert kept == [answers[0].salt]


async def test_expired_rows_are_deleted_and_others_stay(sqlite_stores: Stores) -> None:
    # SQLite only: Cassandra rows have a time to live, which test_cassandra.py checks.
    stores = sqlite_stores
    old, fresh = a_session(at=NOON), a_session(at=NOON + 2 * MINUTE)
    for session in (old, fresh):
        await stores.sessions.add(session, token_hash=HASH)
    token = RefreshToken(token_hash=HASH, session_id=fresh.session_id)
    spent = await stores.refresh_tokens.rotate(token, successor_hash=NEXT, salt=b"salt", at=NOON + 2 * MINUTE)

    await stores.expiry.delete_expired(salts_before=NOON + MINUTE, sessions_before=NOON + MINUTE)
    assert await stores.sessions.get(old.session_id) is None
    assert await stores.refresh_tokens.find(old.session_id, HASH) is None
    assert await stores.sessions.get(fresh.session_id) == fresh
    assert await stores.refresh_tokens.find(fresh.session_id, HASH) == spent

    await stores.expiry.delete_expired(salts_before=NOON + 3 * MINUTE, sessions_before=NOON + MINUTE)
    assert await stores.refresh_tokens.find(fresh.session_id, HASH) == dataclasses.replace(spent, salt=None)
