"""Register, log in, find people."""

from uuid import uuid4

import httpx

from tests.e2e.people import PASSWORD, Person
from tests.problems import reason


def an_account() -> dict[str, str]:
    name = f"rest-{uuid4().hex[:12]}"
    return {"username": name, "email": f"{name}@e2e.example", "password": PASSWORD}


async def test_register_answers_with_the_new_user(client: httpx.AsyncClient) -> None:
    account = an_account()
    answer = await client.post("/api/auth/register", json=account)

    assert answer.status_code == 200
    assert answer.json()["username"] == account["username"]
    assert answer.json()["user_id"]
    assert answer.json()["message"]


async def test_login_answers_with_tokens_and_the_user(client: httpx.AsyncClient) -> None:
    account = an_account()
    registered = await client.post("/api/auth/register", json=account)
    answer = await client.post(
        "/api/auth/login", json={"email": account["email"].upper(), "password": account["password"]}
    )

    assert answer.status_code == 200
    session = answer.json()
    assert (session["user_id"], session["username"]) == (registered.json()["user_id"], account["username"])
    assert all(session[name] for name in ("token", "refresh_token", "session_id", "expires_at", "refresh_expires_at"))


async def test_an_account_cannot_be_registered_twice(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    same_name = await client.post("/api/auth/register", json=an_account() | {"username": ann.username.upper()})
    same_email = await client.post("/api/auth/register", json=an_account() | {"email": ann.email.upper()})

    assert (same_name.status_code, reason(same_name)) == (409, "USERNAME_TAKEN")
    assert (same_email.status_code, reason(same_email)) == (409, "EMAIL_TAKEN")


async def test_users_are_everybody_but_oneself(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    found: dict[str, str] = {}
    page_token = ""
    while True:
        query: dict[str, str | int] = {"page_size": 200, "page_token": page_token}
        answer = await client.get("/api/users", params=query, headers=ann.headers)
        assert answer.status_code == 200
        found |= {user["user_id"]: user["email"] for user in answer.json()["users"]}
        page_token = answer.json()["next_page_token"]
        if not page_token:
            break

    assert bob.user_id in found
    assert ann.user_id not in found
    assert set(found.values()) == {""}, "other people's e-mail addresses are not shown"


async def test_people_are_found_by_the_beginning_of_their_name(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    answer = await client.get("/api/users/search", params={"query": bob.username.upper()}, headers=ann.headers)

    assert bob.user_id in [user["user_id"] for user in answer.json()["users"]]
