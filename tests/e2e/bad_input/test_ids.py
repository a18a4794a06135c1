"""Malformed ids, unknown ids, and ids of other users' data."""

import httpx
import pytest

from tests.builders import an_id
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.e2e.rest.talk import send, upload
from tests.problems import reason, violations
from tests.unit.media.samples import PDF

NOBODY = "7b5e2b1c-e71f-41f1-b5dd-c9ab987d1194"
NO_MESSAGE = "7b5e2b1c-e71f-11f1-b5dd-c9ab987d1194"


@pytest.mark.parametrize("wrong", ["x", "123", "null", f"{NOBODY}0", "%00", "..", "😀"])
async def test_a_malformed_id_is_named(client: httpx.AsyncClient, pair: tuple[Person, Person], wrong: str) -> None:
    ann, _ = pair
    for path, field in ((f"/api/users/{wrong}", "user_id"), (f"/api/chats/{wrong}", "chat_id")):
        answer = await client.get(path, headers=ann.headers)

        if answer.status_code == 400 and reason(answer) == "INVALID_FIELD":
            assert list(violations(answer)) == [field]
        else:
            # The id is not a single path segment, so the request may not reach the method.
            assert answer.status_code in {400, 404}


@pytest.mark.parametrize(
    ("verb", "path", "expected"),
    [
        ("GET", f"/api/users/{NOBODY}", "USER_NOT_FOUND"),
        ("POST", f"/api/users/{NOBODY}/block", "USER_NOT_FOUND"),
        ("GET", f"/api/chats/{NOBODY}", "NOT_A_MEMBER"),
        ("GET", f"/api/chats/{NOBODY}/messages", "NOT_A_MEMBER"),
        ("GET", f"/api/media/{NOBODY}", "MEDIA_NOT_FOUND"),
        ("GET", f"/api/media/{NOBODY}/url", "MEDIA_NOT_FOUND"),
        ("GET", f"/api/uploads/{NOBODY}", "MEDIA_NOT_FOUND"),
        ("DELETE", f"/api/auth/sessions/{NOBODY}", "SESSION_NOT_FOUND"),
    ],
)
async def test_an_unknown_id_is_not_found(
    client: httpx.AsyncClient, pair: tuple[Person, Person], verb: str, path: str, expected: str
) -> None:
    ann, _ = pair
    answer = await client.request(verb, path, headers=ann.headers, json={} if verb == "POST" else None)

    assert reason(answer) == expected


async def test_a_user_who_does_not_exist_cannot_be_written_to(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    body = {"client_message_id": an_id(), "text": "is anybody there?"}
    to_nobody = await client.post(f"/api/messages/{NOBODY}", json=body, headers=ann.headers)
    to_oneself = await client.post(f"/api/messages/{ann.user_id}", json=body, headers=ann.headers)

    assert (to_nobody.status_code, reason(to_nobody)) == (404, "USER_NOT_FOUND")
    assert (to_oneself.status_code, reason(to_oneself)) == (400, "NOT_WITH_ONESELF")


async def test_a_message_of_another_chat_is_not_found(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    elsewhere = (await send(client, ann, bob, "between us"))["message_id"]
    own = f"/api/messages/{ann.user_id}"
    answers = [
        await client.patch(f"{own}/{elsewhere}", json={"text": "changed"}, headers=eve.headers),
        await client.delete(f"{own}/{elsewhere}/everyone", headers=eve.headers),
        await client.get(f"/api/reactions/{ann.user_id}/{elsewhere}", headers=eve.headers),
        await client.get(f"/api/chats/{eve.chat_with(ann)}/messages/{elsewhere}", headers=eve.headers),
        await client.post(
            own,
            json={"client_message_id": an_id(), "text": "re:", "reply_to_message_id": elsewhere},
            headers=eve.headers,
        ),
    ]

    assert {(answer.status_code, reason(answer)) for answer in answers} == {(404, "MESSAGE_NOT_FOUND")}


async def test_another_user_s_file_cannot_be_attached(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    media = await upload(client, ann, "mine.pdf", PDF)
    answers = [
        await client.post(
            f"/api/messages/{bob.user_id}",
            json={"client_message_id": an_id(), "text": "look", "media_ids": [media_id]},
            headers=eve.headers,
        )
        for media_id in (media["media_id"], NOBODY)
    ]

    assert [reason(answer) for answer in answers] == ["MEDIA_FORBIDDEN", "MEDIA_NOT_FOUND"]


async def test_two_users_may_use_the_same_client_message_id(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    name = an_id()
    first = await send(client, ann, bob, "of ann", client_message_id=name)
    second = await send(client, eve, bob, "of eve", client_message_id=name)

    assert first["message_id"] != second["message_id"]
    assert second["text"] == "of eve"
