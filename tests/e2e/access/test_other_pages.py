"""Requests that pages of other origins can make a browser send, with and without its cookies."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from chatly.auth.v1 import user_service_pb2 as users

from tests.e2e.grpc_web import GrpcWeb, GrpcWebError
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import PASSWORD, Person, people, rest, rest_over_tls
from tests.problems import reason
from tests.unit.media.samples import a_jpeg

CONFIGURED = "https://chat.example.org"
LOGIN = "/api/auth/login"
GET_ME = "/chatly.auth.v1.UserService/GetMe"
REFUSED = (403, "CROSS_SITE_REQUEST")
FORM_TYPES = (
    "text/plain",
    "text/plain; charset=utf-8",
    "TEXT/Plain",
    "text/plain ; charset=utf-8",
    "text/plain;application/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded, application/json",
    "multipart/form-data; boundary=application/json",
    "",
    None,
)
JSON_TYPES = (
    "application/json",
    "Application/JSON",
    "application/json;charset=UTF-8",
    "application/json ; charset=utf-8",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """Ann's browser, in which she is logged in."""

    client: httpx.AsyncClient
    origin: str
    ann: Person
    bob: Person

    @property
    def others(self) -> tuple[str, ...]:
        """Return the origins of pages that are not the edge's own."""
        scheme, _, address = self.origin.partition("://")
        host, _, port = address.rpartition(":")
        return (
            "https://evil.example",
            "null",
            "",
            f"{scheme}://{host}",
            f"{scheme}://{host}:{int(port) + 1}",
            f"{scheme}://chat.{host}:{port}",
            f"{scheme}://{host}:{port}.evil.example",
            f"{CONFIGURED}.evil.example",
            f"{self.origin}, https://evil.example",
        )

    async def send(self, headers: Mapping[str, str], content_type: str | None = "application/json") -> httpx.Response:
        """Send a message to Bob with the cookies."""
        body = f'{{"text": "hello", "client_message_id": "{uuid4()}"}}'
        typed = {} if content_type is None else {"content-type": content_type}
        return await self.client.post(
            f"/api/messages/{self.bob.user_id}", content=body.encode(), headers={**typed, **headers}
        )

    async def sent(self) -> int:
        answer = await self.client.get(f"/api/messages/{self.bob.user_id}", headers=self.ann.headers)
        return len(answer.json()["messages"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """A mesh with one other origin."""
    async with running_mesh(tmp_path_factory.mktemp("open"), CHATLY_EDGE_CORS_ORIGINS=CONFIGURED) as mesh:
        yield mesh


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
async def browser(open_mesh: Mesh, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    plain = request.param == "HTTP/1.1"
    ann, bob = await people(open_mesh, "ann", "bob")
    async with rest(open_mesh) if plain else rest_over_tls(open_mesh) as client:
        origin = open_mesh.url if plain else open_mesh.tls_url
        answer = await client.post(LOGIN, json=credentials(ann), headers={"origin": origin})
        assert answer.status_code == 200
        yield Browser(client, origin, ann, bob)


def credentials(person: Person) -> dict[str, object]:
    return {"email": person.email, "password": PASSWORD, "use_cookies": True}


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, reason(answer)


async def test_a_form_of_another_page_does_not_log_in(browser: Browser) -> None:
    browser.client.cookies.clear()
    body = str(credentials(browser.bob)).replace("'", '"').replace("True", "true").encode()
    for content_type in FORM_TYPES:
        for origin in ("https://evil.example", "null", None):
            headers = {} if content_type is None else {"content-type": content_type}
            if origin is not None:
                headers["origin"] = origin
            answer = await browser.client.post(LOGIN, content=body, headers=headers)
            assert (content_type, origin, *outcome(answer)) == (content_type, origin, *REFUSED)
            assert "set-cookie" not in answer.headers


async def test_a_page_of_another_origin_does_not_log_in(browser: Browser) -> None:
    browser.client.cookies.clear()
    for origin in browser.others:
        answer = await browser.client.post(LOGIN, json=credentials(browser.bob), headers={"origin": origin})
        assert (origin, *outcome(answer)) == (origin, *REFUSED)
        assert "set-cookie" not in answer.headers


async def test_own_and_configured_pages_log_in(browser: Browser) -> None:
    for origin in (browser.origin, CONFIGURED):
        answer = await browser.client.post(LOGIN, json=credentials(browser.ann), headers={"origin": origin})
        assert (origin, answer.status_code, len(answer.headers.get_list("set-cookie"))) == (origin, 200, 2)


async def test_only_browsers_get_cookies(browser: Browser) -> None:
    browser.client.cookies.clear()
    refused = await browser.client.post(LOGIN, json=credentials(browser.ann))
    program = await browser.client.post(LOGIN, json={**credentials(browser.ann), "use_cookies": False})

    assert outcome(refused) == REFUSED
    assert "set-cookie" not in refused.headers
    assert program.json()["token"]


async def test_cookies_count_only_with_a_type_that_forms_cannot_send(browser: Browser) -> None:
    for content_type in FORM_TYPES:
        answer = await browser.send({"origin": browser.origin}, content_type)
        assert (content_type, *outcome(answer)) == (content_type, *REFUSED)
    assert await browser.sent() == 0

    for content_type in JSON_TYPES:
        answer = await browser.send({"origin": browser.origin}, content_type)
        assert (content_type, answer.status_code) == (content_type, 200)


async def test_cookies_count_only_with_an_own_or_configured_origin(browser: Browser) -> None:
    for origin in browser.others:
        answer = await browser.send({"origin": origin})
        assert (origin, *outcome(answer)) == (origin, *REFUSED)
    assert outcome(await browser.send({})) == REFUSED
    assert outcome(await browser.send({"referer": f"{browser.origin}/"})) == REFUSED
    assert await browser.sent() == 0

    # WebKit before 16.4 does not send Sec-Fetch-Site, nor does any browser to a plain address that is not local.
    assert (await browser.send({"origin": browser.origin})).status_code == 200
    assert (await browser.send({"origin": CONFIGURED})).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense", ""])
async def test_the_browser_s_word_about_the_page_counts_too(browser: Browser, site: str) -> None:
    own = await browser.send({"origin": browser.origin, "sec-fetch-site": site})
    configured = await browser.send({"origin": CONFIGURED, "sec-fetch-site": site})

    assert outcome(own) == REFUSED
    assert configured.status_code == 200


async def test_an_own_page_may_send(browser: Browser) -> None:
    answer = await browser.send({"origin": browser.origin, "sec-fetch-site": "same-origin"})

    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_that_changes_something_is_checked(browser: Browser, verb: str) -> None:
    sent = (await browser.send({"origin": browser.origin})).json()["message"]
    path, body = {
        "POST": ("/api/auth/logout", {}),
        "PUT": ("/api/profile/me", {"bio": "hello"}),
        "PATCH": (f"/api/messages/{browser.bob.user_id}/{sent['message_id']}", {"text": "changed"}),
        "DELETE": (f"/api/messages/{browser.bob.user_id}/{sent['message_id']}/me", None),
    }[verb]
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": browser.origin, "sec-fetch-site": "same-site"}):
        assert outcome(await browser.client.request(verb, path, json=body, headers=headers)) == REFUSED

    answer = await browser.client.request(verb, path, json=body, headers={"origin": browser.origin})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, 200),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, 200),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}, 200),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": "http://localhost:1"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": CONFIGURED}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
    ],
)
async def test_pages_of_other_origins_cannot_load_with_cookies(
    browser: Browser, headers: dict[str, str], status: int
) -> None:
    upload = await browser.client.post(
        "/api/upload/message", files={"file": ("a.jpg", a_jpeg())}, headers=browser.ann.headers | own(browser)
    )
    for verb, path in (("GET", "/api/profile/me"), ("HEAD", upload.json()["url"])):
        answer = await browser.client.request(verb, path, headers=headers)
        assert (verb, answer.status_code) == (verb, status)


async def test_a_preflight_of_another_origin_allows_nothing(browser: Browser) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    other = await browser.client.options(LOGIN, headers={"origin": "https://evil.example", **asked})
    configured = await browser.client.options(LOGIN, headers={"origin": CONFIGURED, **asked})

    assert "access-control-allow-origin" not in other.headers
    assert configured.headers["access-control-allow-origin"] == CONFIGURED


async def test_a_form_with_files_needs_a_header_that_forms_cannot_send(browser: Browser) -> None:
    origin = {"origin": browser.origin}
    files = {"file": ("a.jpg", a_jpeg())}
    form = await browser.client.post("/api/upload/message", files=files, headers=origin)
    called = await browser.client.post("/api/upload/message", files=files, headers=own(browser))

    assert outcome(form) == REFUSED
    assert called.status_code == 200


async def test_grpc_web_is_checked_too(browser: Browser) -> None:
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": browser.origin, "sec-fetch-site": "cross-site"}):
        with pytest.raises(GrpcWebError) as refused:
            await GrpcWeb(browser.client, headers).unary(GET_ME, users.GetMeRequest(), users.GetMeResponse)
        assert (refused.value.code, refused.value.reason) == (7, "CROSS_SITE_REQUEST")

    calls = GrpcWeb(browser.client, {"origin": browser.origin, "sec-fetch-site": "same-origin"})
    me = await calls.unary(GET_ME, users.GetMeRequest(), users.GetMeResponse)

    assert me.user.user_id == browser.ann.user_id


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_programs_with_a_token_need_no_origin(browser: Browser, scheme: str) -> None:
    browser.client.cookies.clear()
    answer = await browser.send({"authorization": f"{scheme} {browser.ann.token}"}, "text/plain")

    assert answer.status_code == 200


async def test_answers_vary_by_origin(browser: Browser) -> None:
    for headers in ({}, {"origin": CONFIGURED}, {"origin": "https://evil.example"}):
        answer = await browser.client.get("/api/users", headers=headers)
        assert "Origin" in answer.headers["vary"].split(",")


def own(browser: Browser) -> dict[str, str]:
    """Return headers of a script of the edge's own page."""
    return {"origin": browser.origin, "x-requested-with": "fetch"}
