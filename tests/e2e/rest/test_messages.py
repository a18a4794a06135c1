"""GET /api/messages/{user_id}, DELETE …/{message_id}/me and …/everyone, and sending."""

import httpx

from tests.e2e.people import Person
from tests.e2e.rest.talk import history, send
from tests.problems import reason


async def test_both_read_what_was_sent(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    first = await send(client, ann, bob, "hello")
    second = await send(client, bob, ann, "hi", reply_to_message_id=first["message_id"])

    for reader, other in (pair, pair[::-1]):
        seen = await history(client, reader, other)
        assert [message["message_id"] for message in seen] == [first["message_id"], second["message_id"]]
        assert [message["text"] for message in seen] == ["hello", "hi"]
        assert seen[1]["reply_to_message_id"] == first["message_id"]
        assert (seen[0]["sender_id"], seen[0]["receiver_id"]) == (ann.user_id, bob.user_id)


async def test_each_page_has_a_token_for_the_next(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    sent = [(await send(client, ann, bob, f"number {n}"))["message_id"] for n in range(5)]
    pages: list[list[str]] = []
    page_token = ""
    while True:
        answer = await client.get(
            f"/api/messages/{bob.user_id}", params={"page_size": 2, "page_token": page_token}, headers=ann.headers
        )
        pages.append([message["message_id"] for message in answer.json()["messages"]])
        page_token = answer.json()["next_page_token"]
        if not page_token:
            break

    # The newest page first, each of them oldest first.
    assert [message for page in reversed(pages) for message in page] == sent
    assert [len(page) for page in pages] == [2, 2, 1]


async def test_a_retried_send_makes_no_second_message(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    first = await send(client, ann, bob, "once", client_message_id="6a1f1d52-6a5b-4a1b-9f7e-0c9f6d2a0001")
    again = await send(client, ann, bob, "once", client_message_id="6a1f1d52-6a5b-4a1b-9f7e-0c9f6d2a0001")

    assert again["message_id"] == first["message_id"]
    assert len(await history(client, bob, ann)) == 1


async def test_deleting_for_me_hides_the_message_from_me_alone(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "hello")
    answer = await client.delete(f"/api/messages/{ann.user_id}/{message['message_id']}/me", headers=bob.headers)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await history(client, bob, ann) == []
    assert [seen["text"] for seen in await history(client, ann, bob)] == ["hello"]


async def test_deleting_for_everyone_removes_the_text(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "hello")
    answer = await client.delete(f"/api/messages/{bob.user_id}/{message['message_id']}/everyone", headers=ann.headers)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for reader, other in (pair, pair[::-1]):
        assert [(seen["text"], seen["deleted_for_everyone"]) for seen in await history(client, reader, other)] == [
            ("", True)
        ]


async def test_only_the_sender_deletes_for_everyone(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "hello")
    answer = await client.delete(f"/api/messages/{ann.user_id}/{message['message_id']}/everyone", headers=bob.headers)

    assert (answer.status_code, reason(answer)) == (403, "NOT_THE_SENDER")
    assert [seen["text"] for seen in await history(client, bob, ann)] == ["hello"]


async def test_a_message_is_edited(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    message = await send(client, ann, bob, "helo")
    answer = await client.patch(
        f"/api/messages/{bob.user_id}/{message['message_id']}", json={"text": "hello"}, headers=ann.headers
    )

    assert answer.status_code == 200
    (seen,) = await history(client, bob, ann)
    assert seen["text"] == "hello"
    assert seen["edited_at"]
