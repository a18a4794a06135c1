"""Ending sessions over gRPC: logout, revocation, password change, account deletion."""

from pathlib import Path

from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import KernelReason
from kernel.ids import SessionId
from services.auth.errors import AuthReason
from tests.builders import an_id
from tests.fakes import FakeClock, bearer
from tests.rpc.auth.conftest import serving_auth
from tests.rpc.auth.harness import PASSWORD, AuthClient, Person, coming_from, email_of, error_of
from tests.waiting import eventually


async def me(auth: AuthClient, token: str) -> users_pb.User:
    response: users_pb.GetMeResponse = await auth.users.GetMe(users_pb.GetMeRequest(), metadata=bearer(token))
    return response.user


async def assert_ended(auth: AuthClient, login: pb.LoginResponse) -> None:
    assert (await error_of(me(auth, login.token))).reason == KernelReason.SESSION_ENDED
    assert (await error_of(auth.refresh(login.refresh_token))).reason == KernelReason.SESSION_ENDED
    assert login.session_id in (await auth.auth.GetJwks(pb.GetJwksRequest())).revoked_session_ids


async def sessions(auth: AuthClient, person: Person) -> list[pb.Session]:
    listed = await auth.auth.ListSessions(pb.ListSessionsRequest(), metadata=person.metadata)
    return list(listed.sessions)


async def test_logout_ends_the_session_at_once_and_leaves_the_others(auth: AuthClient) -> None:
    person = await auth.person("alice")
    other = await auth.login("alice")

    await auth.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

    await assert_ended(auth, person.login)
    assert (await me(auth, other.token)).username == "alice"


async def test_a_session_stays_ended_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    async with serving_auth(tmp_path, clock) as before:
        person = await before.person("alice")
        other = await before.login("alice")
        await before.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

    async with serving_auth(tmp_path, clock) as after:
        await assert_ended(after, person.login)
        assert (await me(after, other.token)).username == "alice"
        assert (await after.refresh(other.refresh_token)).token


async def test_a_session_ended_on_one_node_ends_on_the_others(tmp_path: Path, clock: FakeClock) -> None:
    async with serving_auth(tmp_path, clock) as one, serving_auth(tmp_path, clock, loops=True) as other:
        person = await one.person("alice")
        assert (await me(other, person.login.token)).username == "alice"

        await one.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

        assert person.login.session_id in (await other.auth.GetJwks(pb.GetJwksRequest())).revoked_session_ids
        keys = other.service.token_keys
        assert keys is not None
        await eventually(lambda: SessionId(person.login.session_id) in keys.revoked)
        await assert_ended(other, person.login)


async def test_an_ended_session_is_published_until_its_tokens_have_expired_on_every_clock(
    auth: AuthClient, clock: FakeClock
) -> None:
    person = await auth.person("alice")
    await auth.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

    clock.advance(15 * 60 + 5 * 60)
    assert (await auth.auth.GetJwks(pb.GetJwksRequest())).revoked_session_ids == [person.login.session_id]
    clock.advance(1)
    assert (await auth.auth.GetJwks(pb.GetJwksRequest())).revoked_session_ids == []


async def test_sessions_are_listed_newest_first_with_the_current_one_marked(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    await auth.person("bob")
    clock.advance(60)
    newer = await auth.login("alice", device_name="Phone", address="2001:db8::7")

    listed = await sessions(auth, person)

    assert [each.session_id for each in listed] == [newer.session_id, person.login.session_id]
    assert [each.current for each in listed] == [False, True]
    assert (listed[0].device_name, listed[0].ip_address) == ("Phone", "2001:db8::7")
    assert listed[0].created_at.seconds == listed[1].created_at.seconds + 60


async def test_a_refresh_updates_the_session_list(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(60)
    request = pb.RefreshRequest(refresh_token=person.login.refresh_token)
    await auth.auth.Refresh(request, metadata=coming_from("198.51.100.4"))

    (session,) = await sessions(auth, person)

    assert session.ip_address == "198.51.100.4"
    assert session.last_used_at.seconds == session.created_at.seconds + 60


async def test_users_can_revoke_their_other_sessions(auth: AuthClient) -> None:
    person = await auth.person("alice")
    lost = await auth.login("alice")
    request = pb.RevokeSessionRequest(session_id=lost.session_id.upper())

    await auth.auth.RevokeSession(request, metadata=person.metadata)
    await auth.auth.RevokeSession(request, metadata=person.metadata)

    await assert_ended(auth, lost)
    assert [each.session_id for each in await sessions(auth, person)] == [person.login.session_id]


async def test_sessions_of_other_users_are_not_found(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")

    for session_id in (bob.login.session_id, an_id()):
        call = auth.auth.RevokeSession(pb.RevokeSessionRequest(session_id=session_id), metadata=alice.metadata)
        assert (await error_of(call)).reason == AuthReason.SESSION_NOT_FOUND
    assert (await me(auth, bob.login.token)).username == "bob"


async def test_a_new_password_ends_all_other_sessions(auth: AuthClient) -> None:
    person = await auth.person("alice")
    others = [await auth.login("alice") for _ in range(2)]
    request = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="battery staple")

    changed = await auth.auth.ChangePassword(request, metadata=person.metadata)

    assert changed.ended_session_count == 2
    for login in others:
        await assert_ended(auth, login)
    assert (await me(auth, person.login.token)).username == "alice"
    assert (await error_of(auth.login("alice"))).reason == AuthReason.WRONG_CREDENTIALS
    assert (await auth.login("alice", password="battery staple")).token


async def test_changing_the_password_requires_the_old_one(auth: AuthClient) -> None:
    person = await auth.person("alice")
    request = pb.ChangePasswordRequest(current_password="guess", new_password="battery staple")

    reasons = [(await error_of(auth.auth.ChangePassword(request, metadata=person.metadata))).reason for _ in range(6)]

    assert reasons == [AuthReason.WRONG_CREDENTIALS] * 5 + [KernelReason.RATE_LIMITED]
    assert (await auth.login("alice")).token


async def test_a_new_password_has_the_same_limits(auth: AuthClient) -> None:
    person = await auth.person("alice")
    request = pb.ChangePasswordRequest(current_password=PASSWORD, new_password="ё" * 37)

    error = await error_of(auth.auth.ChangePassword(request, metadata=person.metadata))

    assert error.reason == AuthReason.PASSWORD_TOO_LONG


async def test_a_deleted_account_is_gone_and_its_name_and_address_are_free(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    other = await auth.login("alice")

    await auth.auth.DeleteAccount(pb.DeleteAccountRequest(password=PASSWORD), metadata=alice.metadata)

    await assert_ended(auth, alice.login)
    await assert_ended(auth, other)
    assert (await error_of(auth.login("alice"))).reason == AuthReason.WRONG_CREDENTIALS
    get = auth.users.GetUser(users_pb.GetUserRequest(user_id=alice.user_id), metadata=bob.metadata)
    assert (await error_of(get)).reason == AuthReason.USER_NOT_FOUND
    batch = users_pb.BatchGetUsersRequest(user_ids=[alice.user_id])
    found = await auth.users.BatchGetUsers(batch, metadata=bob.metadata)
    assert list(found.users) == [users_pb.User(user_id=alice.user_id, deleted=True)]
    assert await auth.register("ALICE", email=email_of("alice")) != alice.user_id


async def test_deleting_the_account_requires_the_password(auth: AuthClient) -> None:
    person = await auth.person("alice")

    call = auth.auth.DeleteAccount(pb.DeleteAccountRequest(password="guess"), metadata=person.metadata)

    assert (await error_of(call)).reason == AuthReason.WRONG_CREDENTIALS
    assert (await me(auth, person.login.token)).username == "alice"


async def test_calls_without_a_token_are_rejected(auth: AuthClient) -> None:
    calls = [
        auth.auth.Logout(pb.LogoutRequest()),
        auth.auth.ListSessions(pb.ListSessionsRequest()),
        auth.auth.RevokeSession(pb.RevokeSessionRequest(session_id=an_id())),
        auth.auth.ChangePassword(pb.ChangePasswordRequest(current_password="x", new_password="long enough")),
        auth.auth.DeleteAccount(pb.DeleteAccountRequest(password="x")),
        auth.users.ListUsers(users_pb.ListUsersRequest()),
        auth.users.GetMe(users_pb.GetMeRequest()),
    ]

    errors = [await error_of(call) for call in calls]

    assert {error.reason for error in errors} == {KernelReason.TOKEN_MISSING}


async def test_service_calls_reject_user_tokens(auth: AuthClient) -> None:
    person = await auth.person("alice")
    request = users_pb.BatchGetBlocksRequest(user_ids=[person.user_id])

    assert (
        await error_of(auth.users.BatchGetBlocks(request, metadata=person.metadata))
    ).reason == KernelReason.SERVICE_ONLY


async def test_a_forged_token_is_rejected(auth: AuthClient) -> None:
    person = await auth.person("alice")
    head, claims, signature = person.login.token.split(".")
    forged = ".".join([head, claims, signature[::-1]])

    assert (await error_of(me(auth, forged))).reason == KernelReason.TOKEN_INVALID
