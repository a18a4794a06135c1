"""Tokens in cookies, for browsers: set, renewed and deleted."""

from collections.abc import Mapping
from http.cookies import Morsel

import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import KernelReason
from tests.fakes import FakeClock
from tests.rpc.auth.harness import PASSWORD, AuthClient, Metadata, cookies_of, email_of, error_of

ORIGIN = (("origin", "https://chat.example"),)
HTTPS = (("x-forwarded-proto", "https"),)
COOKIES = ("chatly_access", "chatly_refresh")


def jar(**cookies: str) -> Metadata:
    return jar_of(cookies)


def jar_of(cookies: Mapping[str, str]) -> Metadata:
    return (("cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())),)


async def log_in(auth: AuthClient, metadata: Metadata = ()) -> tuple[pb.LoginResponse, dict[str, Morsel[str]]]:
    await auth.register("alice")
    request = pb.LoginRequest(email=email_of("alice"), password=PASSWORD, use_cookies=True)
    call = auth.auth.Login(request, metadata=(*ORIGIN, *metadata))
    return await call, dict(await cookies_of(call))


async def test_tokens_are_in_cookies_and_not_in_the_response(auth: AuthClient) -> None:
    login, cookies = await log_in(auth)

    assert (login.token, login.refresh_token, login.username) == ("", "", "alice")
    assert set(cookies) == set(COOKIES)
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"]) == ("Strict", "/")
    assert cookies["chatly_access"]["max-age"] == "900"
    assert cookies["chatly_refresh"]["max-age"] == str(30 * 24 * 3600)
    assert cookies["chatly_refresh"].value.startswith(login.session_id)


async def test_cookies_set_over_tls_are_of_this_host_alone(auth: AuthClient) -> None:
    _, cookies = await log_in(auth, HTTPS)

    assert set(cookies) == {f"__Host-{name}" for name in COOKIES}
    # Without these, browsers refuse the prefix.
    assert all(cookie["secure"] and cookie["path"] == "/" and not cookie["domain"] for cookie in cookies.values())


async def test_cookies_set_without_tls_are_not_secure(auth: AuthClient) -> None:
    _, cookies = await log_in(auth)

    assert [cookie["secure"] for cookie in cookies.values()] == ["", ""]


@pytest.mark.parametrize(
    ("prefix", "metadata", "accepted"),
    [("", (), True), ("__Host-", HTTPS, True), ("", HTTPS, False), ("__Host-", (), False)],
)
async def test_over_tls_only_cookies_of_this_host_count(
    auth: AuthClient, prefix: str, metadata: Metadata, *, accepted: bool
) -> None:
    _, cookies = await log_in(auth)
    sent = (*metadata, *jar_of({f"{prefix}{name}": cookies[name].value for name in COOKIES}))

    me = auth.users.GetMe(users_pb.GetMeRequest(), metadata=sent)
    renewed = auth.auth.Refresh(pb.RefreshRequest(), metadata=sent)

    if accepted:
        assert (await me).user.username == "alice"
        assert {name.removeprefix(prefix) for name in await cookies_of(renewed)} == set(COOKIES)
    else:
        assert (await error_of(me)).reason == KernelReason.TOKEN_MISSING
        assert (await error_of(renewed)).reason == KernelReason.TOKEN_MISSING


async def test_only_browsers_get_cookies(auth: AuthClient) -> None:
    await auth.register("alice")
    request = pb.LoginRequest(email=email_of("alice"), password=PASSWORD, use_cookies=True)

    call = auth.auth.Login(request)

    assert (await error_of(call)).reason == KernelReason.CROSS_SITE_REQUEST
    assert not await cookies_of(call)


async def test_clients_that_do_not_ask_get_no_cookies(auth: AuthClient) -> None:
    await auth.register("alice")
    call = auth.auth.Login(pb.LoginRequest(email=email_of("alice"), password=PASSWORD))

    assert (await call).token
    assert not await cookies_of(call)


async def test_the_access_cookie_authenticates(auth: AuthClient) -> None:
    _, cookies = await log_in(auth)

    call = auth.users.GetMe(users_pb.GetMeRequest(), metadata=jar(chatly_access=cookies["chatly_access"].value))

    assert (await call).user.username == "alice"


async def test_a_refresh_by_cookie_sets_new_cookies(auth: AuthClient, clock: FakeClock) -> None:
    login, cookies = await log_in(auth)
    clock.advance(3600)
    old = cookies["chatly_refresh"].value

    call = auth.auth.Refresh(pb.RefreshRequest(), metadata=jar(chatly_refresh=old))
    answer = await call

    assert (answer.token, answer.refresh_token, answer.session_id) == ("", "", login.session_id)
    renewed = await cookies_of(call)
    assert renewed["chatly_refresh"].value != old
    me = auth.users.GetMe(users_pb.GetMeRequest(), metadata=jar(chatly_access=renewed["chatly_access"].value))
    assert (await me).user.username == "alice"


async def test_logout_deletes_the_cookies(auth: AuthClient) -> None:
    _, cookies = await log_in(auth)
    access = cookies["chatly_access"].value

    call = auth.auth.Logout(pb.LogoutRequest(), metadata=jar(chatly_access=access))
    await call

    cleared = await cookies_of(call)
    assert {name: (cleared[name].value, cleared[name]["max-age"]) for name in COOKIES} == dict.fromkeys(
        COOKIES, ("", "0")
    )
    again = auth.users.GetMe(users_pb.GetMeRequest(), metadata=jar(chatly_access=access))
    assert (await error_of(again)).reason == KernelReason.SESSION_ENDED


async def test_an_invalid_refresh_cookie_is_deleted(auth: AuthClient, clock: FakeClock) -> None:
    _, cookies = await log_in(auth)
    clock.advance(31 * 24 * 3600)

    call = auth.auth.Refresh(pb.RefreshRequest(), metadata=jar(chatly_refresh=cookies["chatly_refresh"].value))

    assert (await error_of(call)).reason == KernelReason.SESSION_ENDED
    assert (await cookies_of(call))["chatly_refresh"]["max-age"] == "0"
