"""Scrolls a chat of 10,000 messages from the newest to the oldest with the wheel."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from uuid import uuid4

import grpc.aio
from chatly.messaging.v1.messaging_service_pb2 import SendMessageRequest, SendMessagesRequest
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from playwright.async_api import Browser, Page

from bench.sides.side import Result
from bench.web.pages import account_of, probed
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.web.people import People

_MESSAGES = 10_000
_IN_FLIGHT = 64
_NOTCH = 1_200
_FRAME_SECONDS = 0.016
_LONGEST_SECONDS = 240
# A check that costs the page almost nothing.
_FIRST_IN_VIEW = "text => document.querySelector('[role=log] article')?.textContent.includes(text) ?? false"


async def measure(mesh: Mesh, browser: Browser) -> Result:
    ann, bob = await people(mesh, "writer", "reader")
    await _talk(mesh, ann, bob)
    visitors = People(mesh.url, browser)
    screen = await visitors.visitor()
    # The sender of all messages has nothing unread: the chat opens at its end.
    await screen.log_in(account_of(bob))
    await probed(screen)
    await screen.open_chat(ann.username)
    await screen.stored(_text(_MESSAGES - 1)).wait_for()
    await screen.log.hover()
    await screen.page.evaluate("probe.longest = 0")
    seen = await _to_the_top(screen.page)
    longest = await screen.page.evaluate("probe.longest")
    await visitors.leave()
    return {"longest_task_ms": longest, "messages": seen}


async def _to_the_top(page: Page) -> int:
    """Turn the wheel as fast as the page allows. Return the number of messages passed."""
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not await page.evaluate(_FIRST_IN_VIEW, _text(0)):
            await page.mouse.wheel(0, -_NOTCH)
            await asyncio.sleep(_FRAME_SECONDS)
    return _MESSAGES


async def _talk(mesh: Mesh, ann: Person, bob: Person) -> None:
    """Fill the chat of two users, in order, with one stream each in turn."""
    numbers = count()
    free = asyncio.Semaphore(_IN_FLIGHT)

    async def sends() -> AsyncIterator[SendMessagesRequest]:
        for number in numbers:
            if number >= _MESSAGES:
                return
            await free.acquire()
            yield SendMessagesRequest(
                send=SendMessageRequest(chat_id=ann.chat_with(bob), client_message_id=str(uuid4()), text=_text(number))
            )

    async with grpc.aio.insecure_channel(mesh.grpc["messaging"]) as channel:
        stub: MessagingServiceStub = MessagingServiceStub(channel)
        async for answer in stub.SendMessages(sends(), metadata=bob.metadata):
            assert answer.HasField("message"), answer
            free.release()


def _text(number: int) -> str:
    """Texts of different lengths, as people write."""
    return f"Message {number}." + " And a few words more." * (number * 7 % 9)
