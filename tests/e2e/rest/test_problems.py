"""Errors over REST have one form, from the services and from the edge."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from mesh.edge.contract import methods
from tests.builders import a_keypair, an_id, user_token
from tests.e2e.people import Person
from tests.problems import reason, violations

USERS = "/api/users"
PATHS = ("/api/users", "/api/uploads/7b5e2b1c-e71f-41f1-b5dd-c9ab987d1194")


def of(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_call_without_a_token_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (401, 16, "TOKEN_MISSING")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30"])
async def test_a_malformed_token_is_refused(client: httpx.AsyncClient, path: str, token: str) -> None:
    answer = await client.get(path, headers=of(token))

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (401, 16, "TOKEN_INVALID")


@pytest.mark.parametrize("path", PATHS)
async def test_a_forged_token_is_refused(client: httpx.AsyncClient, path: str) -> None:
    forged = user_token(an_id(), keypair=a_keypair(), now=datetime.now(UTC))
    answer = await client.get(path, headers=of(forged))

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (401, 16, "TOKEN_INVALID")


async def test_an_expired_token_is_refused(client: httpx.AsyncClient) -> None:
    # The edge checks the expiry before the signature.
    expired = user_token(an_id(), keypair=a_keypair(), now=datetime.now(UTC) - timedelta(hours=1))
    answer = await client.get(USERS, headers=of(expired))

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (401, 16, "TOKEN_EXPIRED")


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("POST", "/api/users", 404),
        ("GET", "/api/auth/login", 404),
        ("GET", "/chatly.auth.v1.AuthService/Nothing", 404),
        ("GET", "/api/uploads/a/b", 404),
        ("DELETE", "/api/uploads/a", 405),
    ],
)
async def test_an_unknown_path_or_method_is_refused(
    client: httpx.AsyncClient, verb: str, path: str, status: int
) -> None:
    answer = await client.request(verb, path)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (status, 12, "NOT_OFFERED")


@pytest.mark.parametrize("path", ["/api/users/%2F", "/api/users/%00"])
async def test_a_path_with_forbidden_characters_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (400, 3, "MALFORMED_REQUEST")
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [b'{"email":', b"[]", b'"text"', b"\xff\xfe", b'{"email": "\xff"}', b'{"email": {}}', b'{"email": 5}', b"email=a"],
)
async def test_a_body_that_does_not_fit_the_message_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/auth/login", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (400, 3, "MALFORMED_REQUEST")
    assert answer.json()["message"]


async def test_a_body_must_not_contradict_the_path(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    with_both = [
        (rest, variable)
        for method in methods()
        if not method.internal
        for rest in method.rest
        if rest.body == "*"
        for variable in rest.variables
    ]
    assert with_both
    for rest, variable in with_both:
        path = re.sub(r"\{[^}]*\}", bob.user_id, rest.template)
        for value in (ann.user_id, ""):
            answer = await client.request(rest.verb, path, json={variable: value}, headers=ann.headers)

            assert answer.status_code == 400, (rest, variable, value, answer.text)
            assert (answer.json()["code"], reason(answer)) == (3, "MALFORMED_REQUEST")
            assert variable in answer.json()["message"]


async def test_a_camel_case_field_in_the_body_does_not_change_what_the_path_names(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    body = {"userId": ann.user_id, "client_message_id": str(uuid4()), "text": "for Bob"}
    answer = await client.post(f"/api/messages/{bob.user_id}", json=body, headers=ann.headers)

    assert answer.status_code == 200, answer.text
    assert bob.user_id in answer.json()["message"]["chat_id"]


async def test_an_unknown_or_malformed_query_parameter_is_refused(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    for name, value in (("colour", "blue"), ("page_size", "many"), ("page_size", "99999999999")):
        answer = await client.get(USERS, params={name: value}, headers=ann.headers)

        assert (answer.status_code, answer.json()["code"], reason(answer)) == (400, 3, "MALFORMED_REQUEST")
        assert name in answer.json()["message"]


@pytest.mark.parametrize(("path", "limit"), [("/api/auth/login", 16 * 1024), ("/api/groups", 128 * 1024)])
async def test_too_large_a_body_is_refused(
    client: httpx.AsyncClient, pair: tuple[Person, Person], path: str, limit: int
) -> None:
    ann, _ = pair
    # Just above the limit: the edge closes the connection of clients that send much more.
    answer = await client.post(path, json={"title": "x" * limit}, headers=ann.headers)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (413, 3, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("account", "broken"),
    [
        ({}, {"username", "email", "password"}),
        ({"username": "ab"}, {"username", "email", "password"}),
        ({"username": "x" * 33, "email": "x@example.org", "password": "long enough"}, {"username"}),
        ({"username": "fine", "email": "no address", "password": "long enough"}, {"email"}),
        ({"username": "fine", "email": "x@example.org", "password": "short"}, {"password"}),
        ({"username": "fine", "email": "x@example.org", "password": "x" * 65}, {"password"}),
    ],
)
async def test_every_field_that_breaks_a_rule_is_named(
    client: httpx.AsyncClient, account: Mapping[str, str], broken: set[str]
) -> None:
    answer = await client.post("/api/auth/register", json=account)

    assert (answer.status_code, answer.json()["code"], reason(answer)) == (400, 3, "INVALID_FIELD")
    assert set(violations(answer)) == broken


async def test_a_password_that_bcrypt_would_truncate_is_refused(client: httpx.AsyncClient) -> None:
    account = {"username": "longpass", "email": "longpass@e2e.example", "password": "ü" * 40}
    answer = await client.post("/api/auth/register", json=account)

    assert (answer.status_code, reason(answer)) == (400, "PASSWORD_TOO_LONG")
