"""Typing reaches the other person and is not stored."""

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import people


async def test_typing_reaches_the_other_person(mesh: Mesh, edge: grpc.aio.Channel) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with listening(edge, bob) as of_bob:
        await of_bob.until_caught_up()
        for active in (True, False):
            request = messaging.SetTypingRequest(chat_id=ann.chat_with(bob), active=active)
            await MessagingServiceStub(edge).SetTyping(request, metadata=ann.metadata)
            event = await of_bob.next("typing")
            assert (event.chat_id, event.typing.user_id, event.typing.active) == (
                ann.chat_with(bob),
                ann.user_id,
                active,
            )
