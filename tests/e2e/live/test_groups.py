"""Changes of a group reach its members and nobody else."""

import grpc
import httpx
from chatly.messaging.v1 import message_pb2 as messages

from tests.builders import an_id
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people


async def a_group(client: httpx.AsyncClient, owner: Person, *members: Person) -> str:
    body = {"client_group_id": an_id(), "title": "Ours", "member_ids": [member.user_id for member in members]}
    answer = await client.post("/api/groups", json=body, headers=owner.headers)
    return str(answer.json()["chat"]["chat_id"])


async def send(client: httpx.AsyncClient, sender: Person, chat_id: str, text: str) -> httpx.Response:
    body = {"client_message_id": an_id(), "text": text}
    return await client.post(f"/api/chats/{chat_id}/messages", json=body, headers=sender.headers)


async def test_a_new_group_reaches_its_members(mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with listening(edge, bob) as of_bob:
        await of_bob.until_caught_up()
        chat_id = await a_group(client, ann, bob)
        added = await of_bob.next("chat_added")
        await send(client, ann, chat_id, "welcome")
        sent = await of_bob.next("message_created")

    assert (added.chat_id, added.chat_added.title) == (chat_id, "Ours")
    assert {member.user_id for member in added.chat_added.members} == {ann.user_id, bob.user_id}
    assert (sent.chat_id, sent.message_created.text) == (chat_id, "welcome")


async def test_an_added_member_receives_messages_from_then_on(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    chat_id = await a_group(client, ann, bob)
    async with listening(edge, bob) as of_bob, listening(edge, eve) as of_eve:
        await of_bob.until_caught_up()
        await of_eve.until_caught_up()
        await client.post(f"/api/groups/{chat_id}/members", json={"user_ids": [eve.user_id]}, headers=ann.headers)
        seen_by_bob = await of_bob.next("member_changed")
        added = await of_eve.next("chat_added")
        await send(client, bob, chat_id, "hello eve")
        sent = await of_eve.next("message_created")

    assert (seen_by_bob.member_changed.user_id, seen_by_bob.member_changed.role) == (eve.user_id, messages.ROLE_MEMBER)
    assert added.chat_id == chat_id
    assert sent.message_created.text == "hello eve"


async def test_a_new_title_reaches_every_member(mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    chat_id = await a_group(client, ann, bob)
    async with listening(edge, bob) as of_bob:
        await of_bob.until_caught_up()
        await client.patch(f"/api/groups/{chat_id}", json={"title": "Still ours"}, headers=ann.headers)
        changed = await of_bob.next("chat_updated")

    assert (changed.chat_id, changed.chat_updated.title) == (chat_id, "Still ours")


async def test_a_removed_member_receives_the_removal_and_nothing_after_it(
    mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient
) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    chat_id = await a_group(client, ann, bob)
    other = await a_group(client, ann, bob)
    async with listening(edge, bob) as of_bob:
        await of_bob.until_caught_up()
        await client.delete(f"/api/groups/{chat_id}/members/{bob.user_id}", headers=ann.headers)
        removed = await of_bob.next("member_changed")
        await send(client, ann, chat_id, "about bob")
        await send(client, ann, other, "to bob")
        sent = await of_bob.next("message_created")
        cursor = of_bob.cursor
    async with listening(edge, bob, cursor) as of_bob:
        missed = await of_bob.until_caught_up()

    assert (removed.member_changed.user_id, removed.member_changed.role) == (bob.user_id, messages.ROLE_UNSPECIFIED)
    assert sent.message_created.text == "to bob"
    assert "about bob" not in [event.message_created.text for event in missed]
