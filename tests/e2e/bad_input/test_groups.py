"""Groups that are created twice, too large, or empty."""

import asyncio

import httpx

from tests.builders import an_id
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.problems import reason, violations

GROUPS = "/api/groups"


async def test_two_concurrent_creations_make_one_group(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    body = {"client_group_id": an_id(), "title": "Twins", "member_ids": [bob.user_id, eve.user_id]}
    made = await asyncio.gather(*(client.post(GROUPS, json=body, headers=ann.headers) for _ in range(5)))
    chats = await client.get("/api/chats", headers=bob.headers)

    assert {answer.status_code for answer in made} == {200}
    assert len({answer.json()["chat"]["chat_id"] for answer in made}) == 1
    assert [chat["title"] for chat in chats.json()["chats"]] == ["Twins"]
    assert len(made[0].json()["chat"]["members"]) == 3


async def test_the_same_client_group_id_of_another_creator_is_another_group(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    body = {"client_group_id": an_id(), "title": "Ours"}
    made = [await client.post(GROUPS, json=body, headers=creator.headers) for creator in pair]

    assert len({answer.json()["chat"]["chat_id"] for answer in made}) == 2


async def test_members_must_exist_and_fit_in(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    cases: list[tuple[dict[str, object], str, list[str]]] = [
        ({"member_ids": [an_id()]}, "USER_NOT_FOUND", []),
        ({"member_ids": ["x"]}, "INVALID_FIELD", ["member_ids[0]"]),
        ({"member_ids": [an_id() for _ in range(500)]}, "INVALID_FIELD", ["member_ids"]),
        ({"member_ids": [bob.user_id, bob.user_id]}, "INVALID_FIELD", ["member_ids"]),
        ({"title": "x" * 101}, "INVALID_FIELD", ["title"]),
        ({"title": ""}, "INVALID_FIELD", ["title"]),
        ({"description": "x" * 501}, "INVALID_FIELD", ["description"]),
        ({"client_group_id": "x"}, "INVALID_FIELD", ["client_group_id"]),
        ({"avatar_media_id": an_id()}, "MEDIA_NOT_FOUND", []),
    ]
    for wrong, expected, fields in cases:
        body = {"client_group_id": an_id(), "title": "Ours", **wrong}
        answer = await client.post(GROUPS, json=body, headers=ann.headers)
        assert (reason(answer), list(violations(answer))) == (expected, fields), wrong

    assert (await client.get("/api/chats", headers=ann.headers)).json()["chats"] == []


async def test_a_direct_chat_is_no_group(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    answer = await client.patch(f"{GROUPS}/{ann.chat_with(bob)}", json={"title": "Ours"}, headers=ann.headers)

    assert (answer.status_code, reason(answer)) in {(400, "NOT_A_GROUP"), (400, "INVALID_FIELD")}
