"""AuthService.RenewAccessToken: a service works for a user longer than the user's token is valid."""

import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import KernelReason
from tests.fakes import FakeClock, bearer
from tests.rpc.auth.harness import PASSWORD, AuthClient, error_of

LIFE = 15 * 60


async def renew(auth: AuthClient, token: str) -> str:
    request = pb.RenewAccessTokenRequest(access_token=token)
    renewed = await auth.auth.RenewAccessToken(request, metadata=auth.served.as_service("media"))
    return str(renewed.access_token)


@pytest.mark.parametrize("age", [0, LIFE - 1, LIFE + 1, LIFE + 3_500])
async def test_a_token_is_renewed_even_after_it_expired(auth: AuthClient, clock: FakeClock, age: int) -> None:
    person = await auth.person("alice")
    clock.advance(age)

    renewed = await renew(auth, person.login.token)

    clock.advance(LIFE - 1)
    me = await auth.users.GetMe(users_pb.GetMeRequest(), metadata=bearer(renewed))
    assert me.user.user_id == person.user_id


async def test_a_token_is_not_renewed_an_hour_after_it_expired(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(LIFE + 3_601)

    assert (await error_of(renew(auth, person.login.token))).reason == KernelReason.TOKEN_EXPIRED


async def test_a_token_of_an_ended_session_is_not_renewed(auth: AuthClient) -> None:
    person = await auth.person("alice")
    await auth.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

    assert (await error_of(renew(auth, person.login.token))).reason == KernelReason.SESSION_ENDED


async def test_a_deleted_account_gets_no_new_token(auth: AuthClient) -> None:
    person = await auth.person("alice")
    await auth.auth.DeleteAccount(pb.DeleteAccountRequest(password=PASSWORD), metadata=person.metadata)

    assert (await error_of(renew(auth, person.login.token))).reason == KernelReason.SESSION_ENDED


async def test_a_forged_token_is_not_renewed(auth: AuthClient) -> None:
    assert (await error_of(renew(auth, "nonsense"))).reason == KernelReason.TOKEN_INVALID


async def test_users_may_not_renew_tokens(auth: AuthClient) -> None:
    person = await auth.person("alice")
    request = pb.RenewAccessTokenRequest(access_token=person.login.token)

    call = auth.auth.RenewAccessToken(request, metadata=person.metadata)

    assert (await error_of(call)).reason == KernelReason.SERVICE_ONLY
