"""POST and GET /api/reactions/{user_id}/{message_id}."""

import httpx
import pytest

from tests.e2e.people import Person
from tests.e2e.rest.talk import send
from tests.problems import reason, violations


@pytest.mark.parametrize("field", ["reaction", "emoji"])
async def test_a_reaction_is_added_and_removed(
    client: httpx.AsyncClient, pair: tuple[Person, Person], field: str
) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "hello")
    path = f"/api/reactions/{ann.user_id}/{message['message_id']}"

    put = await client.post(path, json={field: "👍"}, headers=bob.headers)
    seen = await client.get(f"/api/reactions/{bob.user_id}/{message['message_id']}", headers=ann.headers)
    taken = await client.post(path, json={field: "👍"}, headers=bob.headers)
    left = await client.get(path, headers=bob.headers)

    assert (put.status_code, put.json()["present"]) == (200, True)
    assert [(each["user_id"], each["emoji"]) for each in seen.json()["reactions"]] == [(bob.user_id, "👍")]
    assert taken.json() == {"reactions": [], "present": False}
    assert left.json() == {"reactions": []}


async def test_a_reaction_is_one_emoji(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "hello")
    for wrong in ("", "hello", "👍👍"):
        answer = await client.post(
            f"/api/reactions/{ann.user_id}/{message['message_id']}", json={"reaction": wrong}, headers=bob.headers
        )
        assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
        assert list(violations(answer)) == ["emoji"]


async def test_a_reaction_needs_a_message_of_this_chat(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    answer = await client.post(
        f"/api/reactions/{ann.user_id}/7b5e2b1c-e71f-11f1-b5dd-c9ab987d1194",
        json={"reaction": "👍"},
        headers=bob.headers,
    )

    assert (answer.status_code, reason(answer)) == (404, "MESSAGE_NOT_FOUND")
