"""A message that arrives after its deletion is delivered without content."""

from uuid import uuid4

from history.chat_id import ChatId
from history.model import MessageDeleted, MessageSent
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Node


async def test_a_message_stored_after_its_deletion_arrived_is_delivered_empty(backend: Backend, node: Node) -> None:
    ann, bob = a_user(), a_user()
    chat = ChatId.direct(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        # Its node died before it published it; the retry and the deletion go to another node.
        sent = await backend.append(backend.event(chat, ann, MessageSent(uuid4(), "taken back")))
        deletion = MessageDeleted(sent.event.event_id, for_everyone=True)
        await client.saw(await node.record(backend.event(chat, ann, deletion)))

        await backend.persist(at_most=1)
        await client.saw(sent)
        created = next(event.message_created for event in client.events if event.HasField("message_created"))

    assert (created.text, created.deleted_for_everyone) == ("", True)


async def test_a_message_that_arrived_before_its_deletion_arrives_once_and_others_keep_their_content(
    backend: Backend, node: Node
) -> None:
    ann, bob = a_user(), a_user()
    chat = ChatId.direct(ann, bob)
    async with node.client(bob) as client:
        await client.caught_up()
        sent = await node.send(chat, ann, "taken back")
        await client.saw(sent)
        await node.record(backend.event(chat, ann, MessageDeleted(sent.event.event_id, for_everyone=True)))
        await backend.persist(at_most=1)
        await client.saw(await node.record(backend.event(chat, ann, MessageSent(uuid4(), "stays"))))

    assert client.texts == ["taken back", "stays"]
    assert not any(event.message_created.deleted_for_everyone for event in client.events)
