"""Any text is returned unchanged, or refused with the limit."""

import unicodedata

import grpc
import httpx
import pytest
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.builders import an_id
from tests.e2e.people import Person
from tests.e2e.rest.talk import history, send
from tests.problems import reason, rpc_reason, rpc_violations, violations

TEXTS = {
    "emoji": "👩🏽‍🚀🏳️‍🌈🇩🇪❤️‍🔥",
    "right to left": "שלום, مرحبا! \u202eabc\u202c",
    "mixed directions": "abc אבג 123 هوز",
    "decomposed": unicodedata.normalize("NFD", "Ünïcödé"),
    "stacked marks": "Z̸̡̢͎̺͇̼̫̞̈́̓͌̾͘a̵",
    "beyond the BMP": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎𠜱",
    "controls and lines": "a\tb\r\nc\u2028d\x7fe",
    "markup": "<script>alert(1)</script> &amp; '; DROP TABLE messages; --",
    "blanks": "  two before, two behind  ",
    "4,000 emoji": "😀" * 4_000,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_text_is_returned_unchanged(
    edge: grpc.aio.Channel, client: httpx.AsyncClient, pair: tuple[Person, Person], text: str
) -> None:
    ann, bob = pair
    stub = MessagingServiceStub(edge)
    request = messaging.SendMessageRequest(chat_id=ann.chat_with(bob), client_message_id=an_id(), text=text)
    by_rpc = await stub.SendMessage(request, metadata=ann.metadata)
    by_rest = await send(client, bob, ann, text)
    read = await stub.ListMessages(messaging.ListMessagesRequest(chat_id=ann.chat_with(bob)), metadata=ann.metadata)

    assert by_rpc.message.text == text
    assert by_rest["text"] == text
    assert [message.text for message in read.messages] == [text, text]
    assert [message["text"] for message in await history(client, ann, bob)] == [text, text]


@pytest.mark.parametrize("text", ["x" * 4_001, "😀" * 4_001])
async def test_one_character_too_many_is_refused_with_the_limit(
    edge: grpc.aio.Channel, client: httpx.AsyncClient, pair: tuple[Person, Person], text: str
) -> None:
    ann, bob = pair
    request = messaging.SendMessageRequest(chat_id=ann.chat_with(bob), client_message_id=an_id(), text=text)
    with pytest.raises(grpc.aio.AioRpcError) as by_rpc:
        await MessagingServiceStub(edge).SendMessage(request, metadata=ann.metadata)
    by_rest = await client.post(
        f"/api/messages/{bob.user_id}", json={"client_message_id": an_id(), "text": text}, headers=ann.headers
    )
    limit = {"text": "must be at most 4000 characters, got 4001"}

    assert (rpc_reason(by_rpc.value), rpc_violations(by_rpc.value)) == ("INVALID_FIELD", limit)
    assert (reason(by_rest), violations(by_rest)) == ("INVALID_FIELD", limit)
    assert await history(client, bob, ann) == []


async def test_a_null_character_is_refused_by_name(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    answer = await client.post(
        f"/api/messages/{bob.user_id}", json={"client_message_id": an_id(), "text": "a\x00b"}, headers=ann.headers
    )

    assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
    assert violations(answer) == {"text": "must not contain the character U+0000"}


async def test_a_message_needs_text_or_files(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    answer = await client.post(
        f"/api/messages/{bob.user_id}", json={"client_message_id": an_id(), "text": ""}, headers=ann.headers
    )

    assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
