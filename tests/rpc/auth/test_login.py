"""Login over gRPC, and delays after failed logins."""

import asyncio

import jwt
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import Code, KernelReason
from services.auth.errors import AuthReason
from tests.fakes import FakeClock, bearer
from tests.rpc.auth.harness import PASSWORD, AuthClient, coming_from, email_of, error_of

STRANGER = "198.51.100.9"


async def fail_to_log_in(auth: AuthClient, username: str, *, times: int, address: str = STRANGER) -> None:
    for _ in range(times):
        error = await error_of(auth.login(username, password="wrong", address=address))
        assert error.reason == AuthReason.WRONG_CREDENTIALS


async def test_a_login_returns_a_token_with_user_and_expiry(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    login = person.login

    claims = jwt.decode(login.token, options={"verify_signature": False})
    assert claims["sub"] == claims["userId"] == login.user_id == person.user_id
    assert claims["sid"] == login.session_id
    assert (claims["iss"], claims["aud"]) == ("chatly", "chatly")
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["iat"] == int(clock.now().timestamp())
    assert claims["jti"]
    assert login.expires_at.seconds == claims["exp"]
    assert login.refresh_expires_at.seconds == claims["iat"] + 30 * 24 * 3600
    assert login.refresh_token.startswith(f"{login.session_id}.")
    assert jwt.get_unverified_header(login.token)["alg"] == "EdDSA"


async def test_an_access_token_expires(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(899)
    assert (await auth.users.GetMe(users_pb.GetMeRequest(), metadata=person.metadata)).user.username == "alice"

    clock.advance(1)

    error = await error_of(auth.users.GetMe(users_pb.GetMeRequest(), metadata=person.metadata))
    assert error.reason == KernelReason.TOKEN_EXPIRED


async def test_an_unknown_address_and_a_wrong_password_look_the_same(auth: AuthClient) -> None:
    await auth.register("alice")

    wrong = await error_of(auth.login("alice", password="wrong"))
    unknown = await error_of(auth.login("nobody", password="wrong"))

    assert wrong == unknown
    assert (wrong.code, wrong.reason) == (Code.UNAUTHENTICATED, AuthReason.WRONG_CREDENTIALS)


@pytest.mark.parametrize("username", ["alice", "nobody"])
async def test_guesses_at_one_account_from_many_addresses_are_delayed(
    auth: AuthClient, clock: FakeClock, username: str
) -> None:
    await auth.register("alice")
    for number in range(20):
        await fail_to_log_in(auth, username, times=1, address=f"198.51.100.{number}")

    error = await error_of(auth.login(username, address="198.51.100.77"))
    assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED)
    assert error.retry_after == 1

    clock.advance(1)
    await fail_to_log_in(auth, username, times=1)
    assert (await error_of(auth.login(username, address="198.51.100.78"))).retry_after == 2


@pytest.mark.parametrize("username", ["alice", "nobody"])
async def test_guesses_at_one_account_from_one_address_are_delayed(auth: AuthClient, username: str) -> None:
    await auth.register("alice")
    await fail_to_log_in(auth, username, times=5)

    assert (await error_of(auth.login(username, address=STRANGER))).retry_after == 1


async def test_guesses_at_many_accounts_from_one_network_are_delayed(auth: AuthClient) -> None:
    await auth.register("alice")
    network = "2001:db8:1:2"
    for number in range(50):
        await fail_to_log_in(auth, f"victim{number}", times=1, address=f"{network}::{number:x}")

    assert (await error_of(auth.login("alice", address=f"{network}:ffff::1"))).reason == KernelReason.RATE_LIMITED
    assert (await auth.login("alice", address="192.0.2.1")).token


async def test_wrong_passwords_of_one_person_do_not_delay_others_at_the_same_address(auth: AuthClient) -> None:
    await auth.register("alice")
    await fail_to_log_in(auth, "mallory", times=5)
    assert (await error_of(auth.login("mallory", address=STRANGER))).reason == KernelReason.RATE_LIMITED

    assert (await auth.login("alice", address=STRANGER)).token


async def test_people_who_log_in_after_a_typing_error_do_not_count_for_their_address(auth: AuthClient) -> None:
    names = [f"person{number:03}" for number in range(30)]
    await asyncio.gather(*(auth.register(name) for name in names))
    for name in names:
        await fail_to_log_in(auth, name, times=3)
        assert (await auth.login(name, address=STRANGER)).token

    await auth.register("alice")
    assert (await auth.login("alice", address=STRANGER)).token


async def test_a_success_does_not_take_back_guesses_at_other_accounts(auth: AuthClient, clock: FakeClock) -> None:
    await auth.register("mallory")
    for number in range(49):
        await fail_to_log_in(auth, f"victim{number}", times=1)
    assert (await auth.login("mallory", address=STRANGER)).token
    await fail_to_log_in(auth, "nobody", times=1)

    assert (await error_of(auth.login("somebody", address=STRANGER))).reason == KernelReason.RATE_LIMITED
    clock.advance(60)
    await fail_to_log_in(auth, "somebody", times=1)


async def test_of_sixty_concurrent_guesses_from_one_address_only_the_free_ones_are_checked(auth: AuthClient) -> None:
    errors = await asyncio.gather(
        *(error_of(auth.login(f"victim{number}", password="wrong", address=STRANGER)) for number in range(60))
    )

    assert sum(error.reason == AuthReason.WRONG_CREDENTIALS for error in errors) == 50
    assert sum(error.reason == KernelReason.RATE_LIMITED for error in errors) == 10


async def test_one_failure_from_an_address_is_forgotten_every_minute(auth: AuthClient, clock: FakeClock) -> None:
    await auth.register("alice")
    for number in range(80):
        await fail_to_log_in(auth, f"victim{number}", times=1)
        clock.advance(60)

    assert (await auth.login("alice", address=STRANGER)).token


async def test_concurrent_guesses_are_counted_one_by_one(auth: AuthClient) -> None:
    await auth.register("alice")

    errors = await asyncio.gather(
        *(error_of(auth.login("alice", password=f"guess {number}", address=STRANGER)) for number in range(20))
    )

    assert sum(error.reason == AuthReason.WRONG_CREDENTIALS for error in errors) == 5
    assert sum(error.reason == KernelReason.RATE_LIMITED for error in errors) == 15


async def test_a_success_resets_the_account(auth: AuthClient) -> None:
    await auth.register("alice")
    for _ in range(3):
        await fail_to_log_in(auth, "alice", times=4)
        login = await auth.login("alice", address=STRANGER)
        # With a session there, failures at this address would have a count of their own.
        await auth.auth.Logout(pb.LogoutRequest(), metadata=bearer(login.token))


async def test_guesses_of_strangers_do_not_lock_the_owner_out(auth: AuthClient) -> None:
    await auth.person("alice")
    for number in range(20):
        await fail_to_log_in(auth, "alice", times=1, address=f"198.51.100.{number}")

    assert (await error_of(auth.login("alice", address="198.51.100.77"))).reason == KernelReason.RATE_LIMITED
    assert (await auth.login("alice", address="192.0.2.1")).token


async def test_guesses_from_the_owners_address_are_delayed_too(auth: AuthClient) -> None:
    await auth.person("alice")
    await fail_to_log_in(auth, "alice", times=5, address="192.0.2.1")

    assert (await error_of(auth.login("alice", address="192.0.2.1"))).reason == KernelReason.RATE_LIMITED


async def test_concurrent_valid_logins_all_succeed(auth: AuthClient) -> None:
    await auth.register("alice")

    logins = await asyncio.gather(*(auth.login("alice", address=STRANGER) for _ in range(20)))

    assert len({login.session_id for login in logins}) == 20


async def test_a_long_wrong_password_is_reported_as_wrong(auth: AuthClient) -> None:
    await auth.register("alice")

    for password in ("x", "p" * 1024, "nul\0byte"):
        assert (await error_of(auth.login("alice", password=password))).reason == AuthReason.WRONG_CREDENTIALS


async def test_the_device_is_named_by_the_client_or_by_its_user_agent(auth: AuthClient) -> None:
    person = await auth.person("alice")
    await auth.login("alice", device_name="Phone", address="192.0.2.55")

    listed = await auth.auth.ListSessions(pb.ListSessionsRequest(), metadata=person.metadata)

    devices = {session.device_name: session.ip_address for session in listed.sessions}
    assert devices.pop("Phone") == "192.0.2.55"
    ((agent, address),) = devices.items()
    assert agent.startswith("grpc-python")
    assert address == "192.0.2.1"


async def test_the_password_is_in_no_error(auth: AuthClient) -> None:
    request = pb.LoginRequest(email=email_of("alice"), password=PASSWORD + "x" * 2000)

    error = await error_of(auth.auth.Login(request, metadata=coming_from(STRANGER)))

    assert error.reason == KernelReason.INVALID_FIELD
    assert PASSWORD not in str(error)


async def test_the_101st_session_ends_the_least_recently_used_one(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(1)
    second = await auth.login("alice")
    clock.advance(1)
    await auth.refresh(person.login.refresh_token)
    for _ in range(99):
        clock.advance(1)
        await auth.login("alice")

    assert (await error_of(auth.refresh(second.refresh_token))).reason == KernelReason.SESSION_ENDED
    listed = await auth.auth.ListSessions(pb.ListSessionsRequest(), metadata=person.metadata)
    assert len(listed.sessions) == 100
    assert any(each.current for each in listed.sessions)
