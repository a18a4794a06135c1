"""Guessed passwords, and refresh tokens that were used before."""

import asyncio
import sqlite3
from collections import Counter
from datetime import timedelta

import httpx

from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import PASSWORD, Person, log_in, rest, somebody
from tests.problems import reason

LOGIN, REFRESH = "/api/auth/login", "/api/auth/refresh"
A_MINUTE = timedelta(minutes=1)


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(REFRESH, json={"refresh_token": token})


def let_a_minute_pass(mesh: Mesh, person: Person) -> None:
    """Move the time of use of spent refresh tokens back in the database: the clock of a running mesh is real."""
    with sqlite3.connect(mesh.data_dir / "auth.db", timeout=10) as database:
        database.execute(
            "UPDATE refresh_tokens SET spent_at = spent_at - ? WHERE session_id = ?",
            (A_MINUTE // timedelta(microseconds=1), person.session_id),
        )
    database.close()


@EMBEDDED
async def test_a_refresh_token_reused_later_ends_its_session(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann = await somebody(mesh, "ann")
    renewed = await refresh(client, ann.refresh_token)
    let_a_minute_pass(mesh, ann)
    stolen = await refresh(client, ann.refresh_token)
    of_the_owner = await refresh(client, renewed.json()["refresh_token"])

    assert renewed.status_code == 200
    assert (stolen.status_code, reason(stolen)) == (401, "REFRESH_TOKEN_REUSED")
    assert (of_the_owner.status_code, reason(of_the_owner)) == (401, "SESSION_ENDED")


async def test_a_refresh_whose_response_was_lost_may_be_retried(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann = await somebody(mesh, "ann")
    lost = await refresh(client, ann.refresh_token)
    again = await refresh(client, ann.refresh_token)

    assert (lost.status_code, again.status_code) == (200, 200)
    assert again.json()["refresh_token"] == lost.json()["refresh_token"]


async def test_a_malformed_refresh_token_is_refused(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann = await somebody(mesh, "ann")
    session, _, secret = ann.refresh_token.partition(".")
    for wrong in ("x", ".", "a.b", ann.token, f"{session}.", f"{session}.{secret[::-1]}", f"{session}.{secret}A"):
        answer = await refresh(client, wrong)
        assert (answer.status_code, reason(answer)) in {(401, "TOKEN_INVALID"), (400, "INVALID_FIELD")}, wrong

    assert (await refresh(client, ann.refresh_token)).status_code == 200


async def test_guessing_slows_down_only_the_guesser(mesh: Mesh) -> None:
    ann = await somebody(mesh, "ann")
    async with rest(mesh, address="127.0.0.21") as guesser, rest(mesh) as home:
        guesses = [
            await guesser.post(LOGIN, json={"email": ann.email, "password": f"guess {number}"}) for number in range(8)
        ]
        even_right = await guesser.post(LOGIN, json={"email": ann.email, "password": PASSWORD})
        again_at_home = await log_in(home, ann.email)

    reasons = [reason(answer) for answer in guesses]
    assert reasons[:5] == ["WRONG_CREDENTIALS"] * 5
    assert (guesses[-1].status_code, reasons[-1]) == (429, "RATE_LIMITED")
    assert "RetryInfo" in guesses[-1].text
    assert reason(even_right) == "RATE_LIMITED"
    assert again_at_home.user_id == ann.user_id


async def test_many_accounts_from_one_address_are_slowed_down_too(mesh: Mesh) -> None:
    """Also if all guesses arrive at once."""
    async with rest(mesh, address="127.0.0.22") as guesser:
        guesses = await asyncio.gather(
            *(
                guesser.post(LOGIN, json={"email": f"nobody{number}@e2e.example", "password": "guess"})
                for number in range(60)
            )
        )

    reasons = Counter(map(reason, guesses))
    assert reasons.keys() == {"WRONG_CREDENTIALS", "RATE_LIMITED"}
    # One failure is forgotten every minute.
    assert reasons["WRONG_CREDENTIALS"] in {50, 51, 52}


async def test_an_unknown_account_looks_like_a_wrong_password(mesh: Mesh) -> None:
    ann = await somebody(mesh, "ann")
    async with rest(mesh, address="127.0.0.23") as client:
        wrong = await client.post(LOGIN, json={"email": ann.email, "password": "guess"})
        unknown = await client.post(LOGIN, json={"email": "nobody@e2e.example", "password": "guess"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
