"""Page tokens: of late pages, modified ones, and those of another list."""

from uuid import UUID

import grpc
import httpx
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.ids import time_key
from tests.builders import an_id
from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import Person, people
from tests.e2e.rest.talk import send
from tests.problems import reason

DEEP = 10_000
IN_FLIGHT = 500


async def _send_many(edge: grpc.aio.Channel, sender: Person, chat_id: str) -> list[str]:
    """Send DEEP messages through one stream; return their ids in order."""
    call = MessagingServiceStub(edge).SendMessages(metadata=sender.metadata)
    sent: list[str] = []
    for start in range(0, DEEP, IN_FLIGHT):
        for number in range(start, start + IN_FLIGHT):
            request = messaging.SendMessageRequest(chat_id=chat_id, client_message_id=an_id(), text=str(number))
            await call.write(messaging.SendMessagesRequest(send=request))
        for _ in range(IN_FLIGHT):
            answer = await call.read()
            assert isinstance(answer, messaging.SendMessagesResponse)
            assert not answer.HasField("error"), answer
            sent.append(answer.message.message_id)
    await call.done_writing()
    return sent


def _order(message_id: str) -> bytes:
    """Responses may arrive in any order; messages are ordered by id."""
    return time_key(UUID(message_id))


@EMBEDDED
@pytest.mark.timeout(180)
async def test_the_ten_thousandth_message_is_reached_page_by_page(
    edge: grpc.aio.Channel, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    sent = await _send_many(edge, ann, ann.chat_with(bob))
    stub, request = MessagingServiceStub(edge), messaging.ListMessagesRequest(chat_id=ann.chat_with(bob), page_size=200)
    pages: list[list[str]] = []
    while True:
        page = await stub.ListMessages(request, metadata=bob.metadata)
        pages.append([message.message_id for message in page.messages])
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert [message_id for page in reversed(pages) for message_id in page] == sorted(sent, key=_order)


async def test_a_modified_page_token_is_refused(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    for text in ("one", "two"):
        await send(client, ann, bob, text)
    path = f"/api/messages/{bob.user_id}"
    first = await client.get(path, params={"page_size": 1}, headers=ann.headers)
    token = first.json()["next_page_token"]
    assert token
    bent = [token[:-1], token + "A", token[1:], token.swapcase(), token[::-1], "x", "=", "😀", "../..", token * 3]
    for wrong in bent:
        answer = await client.get(path, params={"page_size": 1, "page_token": wrong}, headers=ann.headers)
        assert (answer.status_code, reason(answer)) == (400, "INVALID_PAGE_TOKEN"), wrong


async def test_a_page_token_belongs_to_its_list(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob, eve = await people(mesh, "ann", "bob", "eve")
    for other in (bob, bob, eve):
        await send(client, ann, other, "hello")
    first = await client.get(f"/api/messages/{bob.user_id}", params={"page_size": 1}, headers=ann.headers)
    token = first.json()["next_page_token"]
    elsewhere = (f"/api/messages/{eve.user_id}", "/api/chats", "/api/users", "/api/blocked-users")
    answers = [await client.get(path, params={"page_token": token}, headers=ann.headers) for path in elsewhere]

    assert {(answer.status_code, reason(answer)) for answer in answers} == {(400, "INVALID_PAGE_TOKEN")}


@pytest.mark.parametrize("size", [-1, 201, 2_147_483_647])
async def test_pages_have_a_limit(client: httpx.AsyncClient, pair: tuple[Person, Person], size: int) -> None:
    ann, bob = pair
    answer = await client.get(f"/api/messages/{bob.user_id}", params={"page_size": size}, headers=ann.headers)

    assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
