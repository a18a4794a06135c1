"""People who use a mesh through its edge: registered, logged in, with the headers of their calls."""

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import Any

import grpc
import httpx
from google.rpc import error_details_pb2, status_pb2

from tests.e2e.harness import Installation

PASSWORD = "correct horse battery"

_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a session."""

    user_id: str
    username: str
    email: str
    token: str
    refresh_token: str
    session_id: str

    @property
    def headers(self) -> dict[str, str]:
        """For REST."""
        return {"authorization": f"Bearer {self.token}"}

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """For gRPC."""
        return bearer(self.token)

    def chat_with(self, other: "Person") -> str:
        """The chat_id of the two."""
        return "_".join(sorted([self.user_id, other.user_id]))


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def rest(mesh: Installation, *, address: str = "127.0.0.1", tls: bool = False, http2: bool = False) -> httpx.AsyncClient:
    """A client of the edge that calls from this address: guesses and rates are counted for each one."""
    transport = httpx.AsyncHTTPTransport(
        local_address=address, http2=http2, verify=_trusting(mesh) if tls else False, retries=1
    )
    return httpx.AsyncClient(transport=transport, base_url=mesh.https if tls else mesh.http, timeout=20)


async def somebody(mesh: Installation, name: str = "someone") -> Person:
    """A new person; the name gets a number, so that it is theirs alone."""
    username = f"{name}{next(_numbers)}"
    account = {"username": username, "email": f"{username}@e2e.example", "password": PASSWORD}
    async with rest(mesh) as client:
        registered = await client.post("/api/auth/register", json=account)
        assert registered.status_code == 200, registered.text
        return await log_in(client, account["email"])


async def people(mesh: Installation, *names: str) -> list[Person]:
    return list(await asyncio.gather(*(somebody(mesh, name) for name in names)))


async def log_in(client: httpx.AsyncClient, email: str) -> Person:
    """Another session of somebody who is registered."""
    answer = await client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    kept = ("user_id", "username", "token", "refresh_token", "session_id")
    return Person(email=email, **{name: value for name, value in answer.json().items() if name in kept})


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason in an error's details, or its code where it has none."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return _reason(status_pb2.Status.FromString(value))
    return error.code().name


def fields_of(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """The fields that break a rule, with what was said of each."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return _fields(status_pb2.Status.FromString(value))
    return {}


def told(answer: httpx.Response) -> tuple[int, int, str]:
    """Of a refused REST call: HTTP status, code and reason; fails unless the body is a google.rpc.Status."""
    body = answer.json()
    assert set(body) == {"code", "message", "details"}, body
    assert body["message"]
    assert answer.headers["content-type"].startswith("application/json")
    info = detail(body, "ErrorInfo")
    assert info.get("domain") == "chatly", body
    return answer.status_code, body["code"], str(info["reason"])


def detail(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """One of the details of a google.rpc.Status as JSON."""
    found = [item for item in body["details"] if item["@type"] == f"type.googleapis.com/google.rpc.{kind}"]
    return dict(found[0]) if found else {}


def violations(answer: httpx.Response) -> dict[str, str]:
    """Of a refused REST call: the fields that break a rule, with what was said of each."""
    broken = detail(answer.json(), "BadRequest").get("field_violations", [])
    return {item["field"]: item["description"] for item in broken}


def _reason(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    return next((info.reason for item in status.details if item.Unpack(info)), "")


def _fields(status: status_pb2.Status) -> dict[str, str]:
    bad = error_details_pb2.BadRequest()
    for item in status.details:
        if item.Unpack(bad):
            return {broken.field: broken.description for broken in bad.field_violations}
    return {}


def _trusting(mesh: Installation) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(mesh.certificate))
