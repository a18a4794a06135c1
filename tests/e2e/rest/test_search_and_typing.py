"""GET /api/messages/search, and POST /api/chats/{chat_id}/typing."""

import grpc
import httpx

from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person
from tests.e2e.rest.talk import send
from tests.problems import reason, violations


async def test_messages_are_found_by_words(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    found = await send(client, ann, bob, "The harbour at dawn")
    await send(client, bob, ann, "The harbour at noon")
    query = {"query": "harbour dawn", "chat_id": ann.chat_with(bob)}
    for reader in pair:
        answer = await client.get("/api/messages/search", params=query, headers=reader.headers)

        assert answer.status_code == 200, answer.text
        assert [message["message_id"] for message in answer.json()["messages"]] == [found["message_id"]]


async def test_a_search_needs_words(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    answer = await client.get("/api/messages/search", headers=ann.headers)

    assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
    assert list(violations(answer)) == ["query"]


async def test_typing_is_seen_by_the_other(mesh: Mesh, client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    path = f"/api/chats/{ann.chat_with(bob)}/typing"
    async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as of_bob:
        await of_bob.until_caught_up()
        for active in (True, False):
            answer = await client.post(path, json={"active": active}, headers=ann.headers)
            event = await of_bob.next("typing")

            assert (answer.status_code, answer.json()) == (200, {})
            assert (event.typing.user_id, event.typing.active) == (ann.user_id, active)
