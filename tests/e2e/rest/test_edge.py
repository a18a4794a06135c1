"""Headers, CORS and rate limits of the edge."""

import gzip

import grpc
import httpx
import pytest
from chatly.auth.v1 import user_service_pb2 as users
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, rest, somebody
from tests.e2e.rest.conftest import CORS_ORIGIN, PER_MINUTE, PROXY
from tests.problems import reason, retry_seconds

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
LOGIN = "/api/auth/login"


def preflight(origin: str, verb: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": verb,
        "access-control-request-headers": "authorization,content-type",
    }


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/api/users", "/api/nothing", "/api/uploads/none", "/chatly.nothing"]
)
async def test_every_answer_has_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY


@pytest.mark.parametrize("path", ["/api/users", "/api/nothing", "/api/uploads/none", "/healthz"])
async def test_every_answer_names_its_request(client: httpx.AsyncClient, path: str) -> None:
    one, two = await client.get(path), await client.get(path)

    assert one.headers["x-request-id"]
    assert one.headers["x-request-id"] != two.headers["x-request-id"]


async def test_the_start_page_and_the_openapi_document_are_served(client: httpx.AsyncClient) -> None:
    page, description = await client.get("/"), await client.get("/openapi.json")

    assert page.headers["content-type"].startswith("text/html")
    assert "/api/messages/{user_id}" in description.json()["paths"]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/api/users"),
        ("POST", LOGIN),
        ("PUT", "/api/profile/me"),
        ("DELETE", "/api/messages/7b5e2b1c-e71f-41f1-b5dd-c9ab987d1194/7b5e2b1c-e71f-11f1-b5dd-c9ab987d1194/me"),
        ("POST", "/api/upload/message"),
        ("POST", "/chatly.messaging.v1.MessagingService/Subscribe"),
    ],
)
async def test_pages_of_a_configured_origin_may_call(strict_mesh: Mesh, verb: str, path: str) -> None:
    async with rest(strict_mesh) as client:
        answer = await client.options(path, headers=preflight(CORS_ORIGIN, verb))

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert verb in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.org", "https://chat.example.org.evil.example", "null"])
async def test_pages_of_other_origins_may_not(strict_mesh: Mesh, origin: str) -> None:
    async with rest(strict_mesh) as client:
        asked = await client.options("/api/users", headers=preflight(origin, "GET"))
        called = await client.get("/api/users", headers={"origin": origin})

    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in called.headers


async def test_answers_and_refusals_can_be_read_by_pages_of_a_configured_origin(strict_mesh: Mesh) -> None:
    async with rest(strict_mesh) as client:
        refused = await client.get("/api/users", headers={"origin": CORS_ORIGIN})

    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert "x-request-id" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", [LOGIN, "/api/auth/register", "/api/auth/refresh"])
async def test_too_many_calls_from_one_address_are_refused_with_a_delay(strict_mesh: Mesh, path: str) -> None:
    async with rest(strict_mesh, address="127.0.0.9") as client, rest(strict_mesh, address="127.0.0.10") as other:
        # The bucket may be refilled once meanwhile.
        answers = [await client.post(path, json={}) for _ in range(2 * PER_MINUTE + 1)]
        other_client = await other.post(path, json={})

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {(answer.json()["code"], reason(answer)) for answer in refused} == {(8, "RATE_LIMITED")}
    assert all(answer.headers["x-ratelimit-remaining"] == "0" for answer in refused)
    assert {(answer.headers["retry-after"], retry_seconds(answer)) for answer in refused} == {("60", 60)}
    assert other_client.status_code != 429


async def test_rest_and_grpc_share_one_limit_and_refreshes_have_their_own(strict_mesh: Mesh) -> None:
    async def over_grpc() -> str | None:
        headers = {"content-type": "application/grpc-web+proto"}
        answer = await client.post("/chatly.auth.v1.AuthService/Login", content=bytes(5), headers=headers)
        status: str | None = answer.headers.get("grpc-status")
        return status

    async with rest(strict_mesh, address="127.0.0.12") as client:
        before = await over_grpc()
        for _ in range(2 * PER_MINUTE):
            await client.post(LOGIN, json={})
        # The bucket may be refilled once meanwhile.
        limited = {await over_grpc() for _ in range(PER_MINUTE + 1)}
        refresh = await client.post("/api/auth/refresh", json={})

    assert before not in ("8", "14")
    assert not limited.isdisjoint({"8", "14"})
    assert refresh.status_code == 401


async def test_all_addresses_of_an_ipv6_network_share_one_limit(strict_mesh: Mesh) -> None:
    async def login(address: str) -> int:
        return (await client.post(LOGIN, json={}, headers={"x-forwarded-for": address})).status_code

    async with rest(strict_mesh, address=PROXY) as client:
        neighbours = [await login(f"2001:db8:1:2::{number}") for number in range(2 * PER_MINUTE + 1)]
        other_network = await login("2001:db8:1:3::1")

    assert 429 in neighbours
    assert other_network != 429


async def test_sends_and_uploads_are_limited_too(strict_mesh: Mesh) -> None:
    someone = await somebody(strict_mesh, "hasty")
    async with rest(strict_mesh, address="127.0.0.11") as client:
        for path in (f"/api/messages/{someone.user_id}", "/api/upload/message"):
            statuses = {(await client.post(path, json={}, headers=someone.headers)).status_code for _ in range(20)}
            assert statuses == {400, 429}


async def test_answers_with_private_data_are_not_stored_by_browsers(mesh: Mesh, client: httpx.AsyncClient) -> None:
    someone = await somebody(mesh, "private")
    paths = ("/api/users", "/api/profile/me", "/api/auth/sessions", f"/api/messages/{someone.user_id}", "/api/nothing")
    answers = [await client.get(path, headers=someone.headers) for path in paths]
    credentials = {"email": someone.email, "password": PASSWORD}
    answers += [await client.post(LOGIN, json=credentials), await client.get("/api/users")]

    assert [answer.headers.get("cache-control") for answer in answers] == ["no-store"] * len(answers)


async def test_a_compressed_body_is_refused(mesh: Mesh, client: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"email": "a@b.example", "password": "12345678"}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await client.post(LOGIN, content=body, headers=headers)

    assert (answer.status_code, reason(answer)) == (415, "MALFORMED_REQUEST")


async def test_a_header_with_an_underscore_is_dropped(mesh: Mesh) -> None:
    someone = await somebody(mesh, "under")
    async with rest(mesh) as client, grpc.aio.insecure_channel(mesh.edge) as channel:
        answer = await client.get("/api/users", headers={**someone.headers, "x_own": "1"})
        metadata = (*someone.metadata, ("x_own", "1"))
        called = await UserServiceStub(channel).GetMe(users.GetMeRequest(), metadata=metadata, timeout=10)

    assert answer.status_code == 200
    assert called.user.user_id == someone.user_id


async def test_a_trailing_slash_redirects_nowhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/uploads/7b5e2b1c-e71f-41f1-b5dd-c9ab987d1194/")

    assert answer.status_code == 404
    assert "location" not in answer.headers
