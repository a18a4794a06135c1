"""Both people of a chat receive each change at once, through the edge."""

from collections.abc import AsyncIterator

import grpc
import httpx
import pytest

from tests.e2e.live.listener import Listener, listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.e2e.rest.talk import Json, send


class Talk:
    """Two subscribed people, and a message that the first one sent."""

    def __init__(
        self, client: httpx.AsyncClient, pair: tuple[Person, Person], listeners: tuple[Listener, Listener]
    ) -> None:
        self.client = client
        self.ann, self.bob = pair
        self.listeners = listeners
        self.message: Json = {}

    @property
    def path(self) -> str:
        """The message's REST path."""
        return f"/api/chats/{self.ann.chat_with(self.bob)}/messages/{self.message['message_id']}"


@pytest.fixture
async def talk(mesh: Mesh, edge: grpc.aio.Channel, client: httpx.AsyncClient) -> AsyncIterator[Talk]:
    ann, bob = await people(mesh, "ann", "bob")
    async with listening(edge, ann) as of_ann, listening(edge, bob) as of_bob:
        for listener in (of_ann, of_bob):
            await listener.until_caught_up()
        talk = Talk(client, (ann, bob), (of_ann, of_bob))
        talk.message = await send(client, ann, bob, "helo")
        yield talk


async def test_messages(talk: Talk) -> None:
    for listener in talk.listeners:
        event = await listener.next("message_created")
        assert event.message_created.message_id == talk.message["message_id"]
        assert event.message_created.client_message_id == talk.message["client_message_id"]
        assert (event.message_created.text, event.actor_id) == ("helo", talk.ann.user_id)


async def test_edits(talk: Talk) -> None:
    await talk.client.patch(talk.path, json={"text": "hello"}, headers=talk.ann.headers)
    for listener in talk.listeners:
        event = await listener.next("message_edited")
        assert (event.message_edited.message_id, event.message_edited.text) == (talk.message["message_id"], "hello")


async def test_deletions_for_everyone(talk: Talk) -> None:
    await talk.client.delete(f"{talk.path}/everyone", headers=talk.ann.headers)
    for listener in talk.listeners:
        event = await listener.next("message_deleted")
        assert event.message_deleted.message_id == talk.message["message_id"]
        assert event.message_deleted.for_everyone


async def test_deletions_for_me_reach_nobody_else(talk: Talk) -> None:
    await talk.client.delete(f"{talk.path}/me", headers=talk.bob.headers)
    await send(talk.client, talk.bob, talk.ann, "and now?")
    of_ann, of_bob = talk.listeners
    event = await of_bob.next("message_deleted")

    assert not event.message_deleted.for_everyone
    assert [(await of_ann.next("message_created", "message_deleted")).WhichOneof("event") for _ in range(2)] == [
        "message_created"
    ] * 2


async def test_reactions(talk: Talk) -> None:
    for present in (True, False):
        await talk.client.post(f"{talk.path}/reactions", json={"reaction": "👍"}, headers=talk.bob.headers)
        for listener in talk.listeners:
            change = (await listener.next("reaction_changed")).reaction_changed
            assert (change.user_id, change.emoji, change.present) == (talk.bob.user_id, "👍", present)


async def test_read_marks(talk: Talk) -> None:
    chat = talk.ann.chat_with(talk.bob)
    body = {"message_id": talk.message["message_id"]}
    read = await talk.client.post(f"/api/chats/{chat}/read", json=body, headers=talk.bob.headers)
    for listener in talk.listeners:
        mark = (await listener.next("read_mark_moved")).read_mark_moved
        assert (mark.user_id, mark.message_id) == (talk.bob.user_id, talk.message["message_id"])

    assert read.json() == {"read_message_id": talk.message["message_id"], "unread_count": 0}
