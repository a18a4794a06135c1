"""Refresh over gRPC: rotation, lost responses, theft."""

import asyncio
from pathlib import Path

import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import Code, KernelReason
from services.auth.errors import AuthReason
from tests.fakes import FakeClock, bearer
from tests.rpc.auth.harness import AuthClient, error_of

DAY = 24 * 3600


async def is_let_in(auth: AuthClient, token: str) -> bool:
    call = auth.users.GetMe(users_pb.GetMeRequest(), metadata=bearer(token))
    try:
        return bool((await call).user.user_id)
    except Exception:  # noqa: BLE001 - whatever it is, it is no
        return False


async def test_a_refresh_returns_new_tokens_of_the_same_session(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(DAY)

    fresh = await auth.refresh(person.login.refresh_token)

    assert (fresh.session_id, fresh.user_id, fresh.username) == (person.login.session_id, person.user_id, "alice")
    assert fresh.refresh_token != person.login.refresh_token
    assert fresh.refresh_expires_at.seconds == person.login.refresh_expires_at.seconds + DAY
    assert await is_let_in(auth, fresh.token)


async def test_a_session_lives_as_long_as_it_is_refreshed_once_in_thirty_days(
    auth: AuthClient, clock: FakeClock
) -> None:
    token = (await auth.person("alice")).login.refresh_token
    for _ in range(4):
        clock.advance(29 * DAY)
        token = (await auth.refresh(token)).refresh_token
    clock.advance(30 * DAY)

    assert (await error_of(auth.refresh(token))).reason == KernelReason.SESSION_ENDED


async def test_a_spent_token_used_after_the_grace_period_ends_the_session(auth: AuthClient, clock: FakeClock) -> None:
    first = (await auth.person("alice")).login
    second = await auth.refresh(first.refresh_token)
    clock.advance(11)

    error = await error_of(auth.refresh(first.refresh_token))

    assert (error.code, error.reason) == (Code.UNAUTHENTICATED, AuthReason.REFRESH_TOKEN_REUSED)
    assert (await error_of(auth.refresh(second.refresh_token))).reason == KernelReason.SESSION_ENDED
    assert (await error_of(auth.refresh(first.refresh_token))).reason == KernelReason.SESSION_ENDED
    assert not await is_let_in(auth, second.token)


async def test_a_token_spent_long_ago_still_ends_the_session(auth: AuthClient, clock: FakeClock) -> None:
    first = (await auth.person("alice")).login.refresh_token
    newest = first
    for _ in range(5):
        clock.advance(DAY)
        newest = (await auth.refresh(newest)).refresh_token

    assert (await error_of(auth.refresh(first))).reason == AuthReason.REFRESH_TOKEN_REUSED
    assert (await error_of(auth.refresh(newest))).reason == KernelReason.SESSION_ENDED


async def test_a_lost_response_can_be_repeated_within_ten_seconds(auth: AuthClient, clock: FakeClock) -> None:
    first = (await auth.person("alice")).login.refresh_token
    lost = await auth.refresh(first)
    clock.advance(10)

    again = await auth.refresh(first)

    assert again.refresh_token == lost.refresh_token
    assert await is_let_in(auth, again.token)
    clock.advance(DAY)
    assert (await auth.refresh(again.refresh_token)).token


async def test_concurrent_refreshes_return_the_same_token(auth: AuthClient, clock: FakeClock) -> None:
    first = (await auth.person("alice")).login.refresh_token

    answers = await asyncio.gather(*(auth.refresh(first) for _ in range(10)))

    (token,) = {answer.refresh_token for answer in answers}
    clock.advance(DAY)
    assert (await auth.refresh(token)).token


async def test_a_spent_token_follows_several_quick_rotations(auth: AuthClient, clock: FakeClock) -> None:
    first = (await auth.person("alice")).login.refresh_token
    newest = first
    for _ in range(3):
        clock.advance(2)
        newest = (await auth.refresh(newest)).refresh_token

    assert (await auth.refresh(first)).refresh_token == newest


async def test_a_theft_within_the_grace_period_is_detected_at_the_next_refresh(
    auth: AuthClient, clock: FakeClock
) -> None:
    first = (await auth.person("alice")).login.refresh_token
    owner, thief = await auth.refresh(first), await auth.refresh(first)
    clock.advance(DAY)
    await auth.refresh(thief.refresh_token)
    clock.advance(DAY)

    assert (await error_of(auth.refresh(owner.refresh_token))).reason == AuthReason.REFRESH_TOKEN_REUSED


@pytest.mark.parametrize("change", ["secret", "session", "garbage", "access token"])
async def test_a_made_up_token_is_invalid_and_ends_no_session(auth: AuthClient, change: str) -> None:
    login = (await auth.person("alice")).login
    other = (await auth.person("bob")).login
    session, _, secret = login.refresh_token.partition(".")
    made_up = {
        "secret": f"{session}.{'A' * 43}",
        "session": f"{other.session_id}.{secret}",
        "garbage": "no token at all 😀",
        "access token": login.token[:256],
    }[change]

    assert (await error_of(auth.refresh(made_up))).reason == KernelReason.TOKEN_INVALID
    assert (await auth.refresh(login.refresh_token)).token
    assert (await auth.refresh(other.refresh_token)).token


async def test_a_refresh_without_token_and_cookie_is_rejected(auth: AuthClient) -> None:
    assert (await error_of(auth.refresh(""))).reason == KernelReason.TOKEN_MISSING


async def test_neither_tokens_nor_passwords_are_on_disk(auth: AuthClient, tmp_path: Path) -> None:
    login = (await auth.person("alice")).login
    fresh = await auth.refresh(login.refresh_token)

    kept = await asyncio.to_thread(lambda: b"".join(file.read_bytes() for file in tmp_path.glob("auth.db*")))
    assert login.user_id.encode() in kept
    for token in (login.refresh_token, fresh.refresh_token):
        assert token.partition(".")[2].encode() not in kept
    assert b"correct horse" not in kept


async def test_a_session_ends_after_180_days_however_often_it_is_used(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    token, expires = person.login.refresh_token, person.login.refresh_expires_at.seconds
    for _ in range(8):
        clock.advance(20 * DAY)
        fresh = await auth.refresh(token)
        token, expires = fresh.refresh_token, fresh.refresh_expires_at.seconds
    assert expires == int(clock.now().timestamp()) + 20 * DAY
    clock.advance(20 * DAY)

    assert (await error_of(auth.refresh(token))).reason == KernelReason.SESSION_ENDED
    again = await auth.login("alice")
    listed = await auth.auth.ListSessions(pb.ListSessionsRequest(), metadata=bearer(again.token))
    assert len(listed.sessions) == 1
