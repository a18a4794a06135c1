"""Time until a message is painted: a user's own from the keypress, another user's from the arrival of its bytes.

One page at a time: the other user is a program. Two pages would wait for each other's frames.
"""

from uuid import uuid4

import grpc.aio
from chatly.messaging.v1.messaging_service_pb2 import SendMessageRequest
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from playwright.async_api import Browser, expect

from bench.sides.side import Result
from bench.web.pages import account_of, percentiles, probed
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people
from tests.web.people import People
from tests.web.screen import Screen

_WARM_UP = 10
_MESSAGES = 60


async def measure(mesh: Mesh, browser: Browser) -> Result:
    other, reader = await people(mesh, "other", "reader")
    visitors = People(mesh.url, browser)
    screen = await visitors.visitor()
    await screen.log_in(account_of(reader))
    await _send(mesh, other, reader, "Hello")
    await probed(screen)
    await screen.open_chat(other.username)
    await screen.stored("Hello").wait_for()
    own = [await _own(screen, f"my number {number:04}.") for number in range(_WARM_UP + _MESSAGES)]
    incoming = [
        await _incoming(mesh, other, reader, screen, f"your number {number:04}.")
        for number in range(_WARM_UP + _MESSAGES)
    ]
    await visitors.leave()
    return {"own_ms": percentiles(own[_WARM_UP:]), "incoming_ms": percentiles(incoming[_WARM_UP:])}


async def _own(screen: Screen, text: str) -> float:
    await screen.composer.fill(text)
    paint = await screen.page.evaluate_handle("text => ({ at: probe.paintOf(text) })", text)
    await screen.page.keyboard.press("Enter")
    took: float = await paint.evaluate("async paint => (await paint.at) - probe.pressed")
    await expect(screen.tick(text)).to_have_attribute("data-receipt", "sent")
    return took


async def _incoming(mesh: Mesh, sender: Person, reader: Person, screen: Screen, text: str) -> float:
    paint = await screen.page.evaluate_handle(
        "text => { probe.expect(text); return { at: probe.paintOf(text) } }", text
    )
    await _send(mesh, sender, reader, text)
    took: float = await paint.evaluate("async (paint, text) => (await paint.at) - probe.arrived.get(text)", text)
    return took


async def _send(mesh: Mesh, sender: Person, reader: Person, text: str) -> None:
    request = SendMessageRequest(client_message_id=str(uuid4()), user_id=reader.user_id, text=text)
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        await MessagingServiceStub(channel).SendMessage(request, metadata=sender.metadata)
