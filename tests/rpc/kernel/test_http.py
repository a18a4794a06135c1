"""The HTTP API: health, metrics, and routes with the same tokens and errors as gRPC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from kernel.errors import ChatlyError, Code, KernelReason, invalid_field
from kernel.grpc.context import USER_KEY, current_request, current_user
from kernel.http.app import authenticate
from mesh.health import find_fault, find_warning
from tests.builders import an_id
from tests.fakes import Served, running
from tests.problems import reason, violations
from tests.rpc.kernel.harness import a_service, failure, no_keys

ANNA = an_id()


async def _whoami(request: Request) -> Response:
    await authenticate(request)
    return JSONResponse({"user_id": current_user().user_id, "address": current_request().peer_address})


async def _wrong(_: Request) -> Response:
    raise invalid_field("text", "too long")


async def _busy(_: Request) -> Response:
    raise ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, "slower", retry_after=1.2)


async def _defect(_: Request) -> Response:
    raise RuntimeError("password=hunter2")


async def _count(request: Request) -> Response:
    pieces = [len(piece) async for piece in request.stream() if piece]
    return JSONResponse({"pieces": len(pieces), "bytes": sum(pieces)})


ROUTES = [
    Route("/whoami", _whoami),
    Route("/wrong", _wrong),
    Route("/busy", _busy),
    Route("/defect", _defect),
    Route("/count", _count, methods=["POST"]),
]


@asynccontextmanager
async def _client() -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    service = replace(a_service("auth", GetJwks=no_keys), routes=ROUTES)
    async with running(service) as served, httpx.AsyncClient(base_url=served.http) as client:
        yield served, client


async def test_healthz_reports_each_check() -> None:
    async def log() -> str | None:
        return "away"

    async def store() -> str | None:
        return None

    service = a_service("auth", health={"log": log, "store": store}, GetJwks=no_keys)
    async with running(service) as served, httpx.AsyncClient(base_url=served.http) as client:
        answer = await client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "NOT_SERVING", "checks": {"log": "away", "store": None}}


async def test_a_service_with_a_fault_serves_and_reports_it_by_name() -> None:
    async def bus() -> str | None:
        return "down"

    service = replace(a_service("auth", GetJwks=no_keys), warnings={"bus": bus})
    async with running(service) as served, httpx.AsyncClient(base_url=served.http) as client:
        answer = await client.get("/healthz")
        fault = await find_fault("auth", served.server.address, None)
        warning = await find_warning("auth", served.server.address, None)

    assert answer.status_code == 200
    assert answer.json() == {"status": "SERVING", "checks": {}, "warnings": {"bus": "down"}}
    assert fault is None
    assert warning is not None
    assert "live bus" in warning


async def test_healthz_is_200_while_serving() -> None:
    async with _client() as (_, client):
        answer = await client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "SERVING", "checks": {}}


async def test_metrics_count_calls_by_method_and_code() -> None:
    async with _client() as (served, client):
        stub = AuthServiceStub(served.channel)
        before = _calls(await client.get("/metrics"))
        await stub.GetJwks(auth_pb.GetJwksRequest())
        await failure(stub.Logout(auth_pb.LogoutRequest()))
        after = _calls(await client.get("/metrics"))

    jwks, logout = (
        ("chatly.auth.v1.AuthService/GetJwks", "OK"),
        ("chatly.auth.v1.AuthService/Logout", "UNAUTHENTICATED"),
    )
    assert after[jwks] - before.get(jwks, 0) == 1
    assert after[logout] - before.get(logout, 0) == 1


def _calls(answer: httpx.Response) -> dict[tuple[str, str], float]:
    found = {}
    for line in answer.text.splitlines():
        if line.startswith("chatly_rpc_calls_total{"):
            labels, _, value = line.rpartition(" ")
            code, method = (part.split('"')[1] for part in sorted(labels.partition("{")[2].split(",")))
            found[method, code] = float(value)
    return found


async def test_metrics_count_http_responses_by_status() -> None:
    async with _client() as (_, client):
        await client.get("/nothing-here")
        answer = await client.get("/metrics")

    assert 'chatly_http_answers_total{service="auth",status="404"}' in answer.text


async def test_a_bearer_token_authenticates_a_request() -> None:
    async with _client() as (served, client):
        answer = await client.get("/whoami", headers={"authorization": f"Bearer {served.token_for(ANNA)}"})

    assert answer.json() == {"user_id": ANNA, "address": "127.0.0.1"}


async def test_a_cookie_authenticates_a_request() -> None:
    async with _client() as (served, client):
        answer = await client.get("/whoami", headers={"cookie": f"a=b; chatly_access={served.token_for(ANNA)}"})

    assert answer.json()["user_id"] == ANNA


async def test_a_request_for_another_user_than_the_tokens_is_refused() -> None:
    async with _client() as (served, client):
        token = {"authorization": f"Bearer {served.token_for(ANNA)}"}
        answer = await client.get("/whoami", headers={**token, USER_KEY: ANNA})
        refused = await client.get("/whoami", headers={**token, USER_KEY: an_id()})

    assert answer.json()["user_id"] == ANNA
    assert (refused.status_code, reason(refused)) == (401, "TOKEN_OF_OTHER_USER")


async def test_a_request_without_a_token_gets_401_with_the_reason() -> None:
    async with _client() as (_, client):
        answer = await client.get("/whoami")

    assert answer.status_code == 401
    assert (answer.json()["code"], reason(answer)) == (16, "TOKEN_MISSING")


async def test_an_error_names_the_field() -> None:
    async with _client() as (_, client):
        answer = await client.get("/wrong")

    assert answer.status_code == 400
    assert (answer.json()["code"], reason(answer), answer.json()["message"]) == (3, "INVALID_FIELD", "text: too long")
    assert violations(answer) == {"text": "too long"}


@pytest.mark.parametrize(("verb", "path", "status"), [("GET", "/nothing", 404), ("POST", "/whoami", 405)])
async def test_an_unknown_path_gets_an_error_in_the_same_form(verb: str, path: str, status: int) -> None:
    async with _client() as (_, client):
        answer = await client.request(verb, path)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (status, 12, "NOT_OFFERED")


async def test_an_error_with_a_delay_sets_retry_after() -> None:
    async with _client() as (_, client):
        answer = await client.get("/busy")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"


async def test_an_internal_error_shows_only_its_request_id() -> None:
    async with _client() as (_, client):
        answer = await client.get("/defect", headers={"x-request-id": "abc-123"})

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "abc-123" in answer.json()["message"]
    assert answer.headers["x-request-id"] == "abc-123"


async def test_every_response_contains_the_request_id() -> None:
    async with _client() as (_, client):
        answer = await client.get("/healthz", headers={"x-request-id": "abc-123"})

    assert answer.headers["x-request-id"] == "abc-123"


async def test_a_body_is_streamed() -> None:
    async with _client() as (_, client):
        answer = await client.post("/count", content=b"x" * 3_000_000)

    assert answer.json()["bytes"] == 3_000_000
    assert answer.json()["pieces"] > 3


async def test_an_aborted_upload_is_not_logged_as_a_failure() -> None:
    left = asyncio.Event()

    async def receive(request: Request) -> Response:
        try:
            async for _ in request.stream():
                pass
        finally:
            left.set()
        raise AssertionError

    service = replace(a_service("auth", GetJwks=no_keys), routes=[Route("/upload", receive, methods=["POST"])])
    with capture_logs() as logs:
        async with running(service) as served, asyncio.timeout(5):
            _, writer = await asyncio.open_connection("127.0.0.1", served.server.http_port)
            writer.write(b"POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            await left.wait()

    assert [line for line in logs if line["log_level"] == "error"] == []


async def test_a_partial_response_does_not_look_complete() -> None:
    async def breaking(_: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"half"
            raise RuntimeError("no more")

        return StreamingResponse(body())

    service = replace(a_service("auth", GetJwks=no_keys), routes=[Route("/breaking", breaking)])
    async with running(service) as served, httpx.AsyncClient(base_url=served.http) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/breaking")


async def test_a_running_response_is_finished_at_shutdown() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> Response:
        begun.set()
        await go_on.wait()
        return JSONResponse({"finished": True})

    async def drain() -> None:
        asyncio.get_running_loop().call_later(0.1, go_on.set)

    service = replace(a_service("auth", drain=drain, GetJwks=no_keys), routes=[Route("/slow", slow)])
    async with httpx.AsyncClient() as client:
        async with running(service) as served:
            answering = asyncio.create_task(client.get(f"{served.http}/slow"))
            await begun.wait()
        answer = await answering

    assert answer.json() == {"finished": True}
