"""Sessions of browsers: tokens that scripts cannot read and other sites cannot send."""

from http.cookies import Morsel, SimpleCookie

import httpx

from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, rest, rest_over_tls, somebody
from tests.problems import reason

ACCESS, REFRESH = "chatly_access", "chatly_refresh"
TLS_COOKIES = {"__Host-chatly_access", "__Host-chatly_refresh"}


def cookies(answer: httpx.Response) -> dict[str, "Morsel[str]"]:
    """Cookies of the answer, by name."""
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return dict(jar)


def origin(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the header that browsers send."""
    return {"origin": str(client.base_url).rstrip("/")}


async def log_in(client: httpx.AsyncClient, mesh: Mesh) -> httpx.Response:
    someone = await somebody(mesh, "browser")
    return await client.post(
        "/api/auth/login",
        json={"email": someone.email, "password": PASSWORD, "use_cookies": True},
        headers=origin(client),
    )


async def test_a_login_by_cookies_gives_no_token_to_scripts(mesh: Mesh) -> None:
    async with rest(mesh) as browser:
        answer = await log_in(browser, mesh)

    assert (answer.json()["token"], answer.json()["refresh_token"]) == ("", "")
    assert set(cookies(answer)) == {ACCESS, REFRESH}
    for cookie in cookies(answer).values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert not cookie["secure"]
        assert int(cookie["max-age"]) > 0


async def test_cookies_set_over_tls_are_sent_over_tls_only(mesh: Mesh) -> None:
    async with rest_over_tls(mesh) as browser:
        answer = await log_in(browser, mesh)
        me = await browser.get("/api/profile/me")

    assert answer.http_version == "HTTP/2"
    assert set(cookies(answer)) == TLS_COOKIES
    assert all(cookie["secure"] for cookie in cookies(answer).values())
    assert me.status_code == 200


async def test_cookies_authenticate_calls_and_are_renewed_and_cleared(mesh: Mesh) -> None:
    async with rest(mesh) as browser:
        logged_in = await log_in(browser, mesh)
        me = await browser.get("/api/profile/me")
        first = browser.cookies[REFRESH]
        renewed = await browser.post("/api/auth/refresh", json={}, headers=origin(browser))
        again = await browser.get("/api/profile/me")
        second = browser.cookies[REFRESH]
        gone = await browser.post("/api/auth/logout", json={}, headers=origin(browser))
        after = await browser.get("/api/profile/me")

    assert me.json()["user"]["user_id"] == logged_in.json()["user_id"]
    assert (renewed.status_code, renewed.json()["token"], renewed.json()["refresh_token"]) == (200, "", "")
    assert first != second
    assert again.status_code == 200
    assert gone.status_code == 200
    assert all(cookie["max-age"] == "0" and cookie["httponly"] for cookie in cookies(gone).values())
    assert set(cookies(gone)) == {ACCESS, REFRESH}
    assert (after.status_code, reason(after)) == (401, "TOKEN_MISSING")


async def test_a_refresh_without_its_cookie_is_refused(mesh: Mesh) -> None:
    async with rest(mesh) as browser:
        answer = await browser.post("/api/auth/refresh", json={})

    assert (answer.status_code, reason(answer)) == (401, "TOKEN_MISSING")


async def test_an_invalid_refresh_cookie_is_cleared(mesh: Mesh) -> None:
    async with rest(mesh) as browser:
        headers = {"cookie": f"{REFRESH}=nonsense", **origin(browser)}
        answer = await browser.post("/api/auth/refresh", json={}, headers=headers)

    assert (answer.status_code, reason(answer)) == (401, "TOKEN_INVALID")
    assert {name: cookie["max-age"] for name, cookie in cookies(answer).items()} == {ACCESS: "0", REFRESH: "0"}
