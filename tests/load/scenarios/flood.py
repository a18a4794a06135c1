"""Two users send as fast as they can, one by REST, one on a stream, while others send at a steady rate."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from chatly.messaging.v1.messaging_service_pb2 import SendMessageRequest, SendMessagesRequest
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.people import Person, rest
from tests.faults.chatter import messaging_stub
from tests.faults.history import history
from tests.load.context import Context
from tests.load.people import residents
from tests.load.report import Report
from tests.problems import reason, retry_seconds

_FLOODER = "127.0.0.2"
_STEADY = 10
_AT_ONCE = 8
_UNANSWERED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    seconds: float
    """Before the flood, and again during it."""
    every_seconds: float
    limit: int
    """Accepted sends per second from one address, and from one user's streams."""


FULL = Size(seconds=10, every_seconds=0.25, limit=100)
# A busy machine must be able to exceed it.
SMALL = Size(seconds=2, every_seconds=2, limit=12)


@dataclass
class Visitor:
    """A user who sends by REST to one chat, and retries after every error."""

    client: httpx.AsyncClient
    person: Person
    chat_id: str
    accepted: set[str] = field(default_factory=set)
    """By client_message_id."""
    refused: list[httpx.Response] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds to the response of each accepted send."""

    async def send_until(self, end: float, every_seconds: float) -> None:
        while time.monotonic() < end:
            await self._send()
            await asyncio.sleep(every_seconds)

    async def _send(self) -> None:
        name = str(uuid4())
        body = {"client_message_id": name, "text": "again"}
        began = time.monotonic()
        answer = await self.client.post(f"/api/chats/{self.chat_id}/messages", json=body, headers=self.person.headers)
        if answer.status_code == httpx.codes.OK:
            self.accepted.add(name)
            self.waits.append(time.monotonic() - began)
        else:
            self.refused.append(answer)


@dataclass
class Streamer:
    """A user who sends on one stream to one chat, with a few sends unanswered at any time."""

    stub: MessagingServiceStub
    person: Person
    chat_id: str
    accepted: set[str] = field(default_factory=set)
    """By client_message_id."""
    refused: list[str] = field(default_factory=list)

    async def send_until(self, end: float) -> None:
        room = asyncio.Semaphore(_UNANSWERED)
        async for answer in self.stub.SendMessages(self._sends(end, room), metadata=self.person.metadata):
            room.release()
            if answer.HasField("message"):
                self.accepted.add(answer.client_message_id)
            else:
                self.refused.append(answer.error.reason)

    async def _sends(self, end: float, room: asyncio.Semaphore) -> AsyncIterator[SendMessagesRequest]:
        while time.monotonic() < end:
            await room.acquire()
            send = SendMessageRequest(chat_id=self.chat_id, client_message_id=str(uuid4()), text="again")
            yield SendMessagesRequest(send=send)


async def run(context: Context) -> Report:
    size, report = context.size(FULL, SMALL), Report()
    limit = str(size.limit)
    async with (
        context.mesh(CHATLY_EDGE_SEND_PER_SECOND=limit, CHATLY_MESSAGING_STREAM_SENDS_PER_SECOND=limit) as mesh,
        rest(mesh, address=_FLOODER) as far,
        rest(mesh) as near,
        messaging_stub(mesh) as stub,
    ):
        first, second, *everybody = await residents(mesh, _STEADY + 2)
        others = [
            Visitor(near, person, person.chat_with(everybody[number - 1])) for number, person in enumerate(everybody)
        ]
        flooder = Visitor(far, first, first.chat_with(everybody[-1]))
        streamer = Streamer(stub, second, second.chat_with(everybody[-1]))
        context.say("sending at a steady rate")
        await _steady(others, size)
        before = _taken_waits(others)
        context.say("one user floods")
        took = await _flood(flooder, streamer, others, size)
        during = _taken_waits(others)
        _check_refusals(report, flooder, others)
        _check_stream(report, streamer, size.limit, took)
        await _check_stored(report, stub, [flooder, streamer, *others])
    report.note("the flooder's sends accepted", len(flooder.accepted) / took, "1/s")
    report.note("the flooder's sends refused", len(flooder.refused) / took, "1/s")
    report.note("the streamer's sends accepted", len(streamer.accepted) / took, "1/s")
    report.spread("the others' sends before", before)
    report.spread("the others' sends during", during)
    return report


def _taken_waits(visitors: Sequence[Visitor]) -> list[float]:
    """Return the waits since the last call."""
    waits = [wait for visitor in visitors for wait in visitor.waits]
    for visitor in visitors:
        visitor.waits.clear()
    return waits


async def _steady(others: Sequence[Visitor], size: Size) -> None:
    end = time.monotonic() + size.seconds
    await asyncio.gather(*(other.send_until(end, size.every_seconds) for other in others))


async def _flood(flooder: Visitor, streamer: Streamer, others: Sequence[Visitor], size: Size) -> float:
    """Return the duration in seconds."""
    began = time.monotonic()
    flooding = (flooder.send_until(began + size.seconds, 0) for _ in range(_AT_ONCE))
    await asyncio.gather(_steady(others, size), streamer.send_until(began + size.seconds), *flooding)
    return time.monotonic() - began


def _check_refusals(report: Report, flooder: Visitor, others: Sequence[Visitor]) -> None:
    report.require("a flood is refused", holds=bool(flooder.refused))
    for answer in flooder.refused:
        typed = answer.status_code == httpx.codes.TOO_MANY_REQUESTS and reason(answer) == "RATE_LIMITED"
        report.require("a flood is refused by 429 RATE_LIMITED", holds=typed, but=answer.text)
        has_delay = answer.headers.get("retry-after") == "1" and retry_seconds(answer) == 1
        report.require("a refusal says when to come back", holds=has_delay, but=answer.headers)
        if report.complaints:
            break
    refused = [answer.text for other in others for answer in other.refused]
    report.require("nobody else is refused", holds=not refused, but=refused[:3])


def _check_stream(report: Report, streamer: Streamer, limit: int, took: float) -> None:
    report.require(
        "nothing on a stream is refused for being fast", holds=not streamer.refused, but=streamer.refused[:3]
    )
    most = limit * (took + 1) + 1
    report.require(
        "a stream goes no faster than the limit",
        holds=len(streamer.accepted) <= most,
        but=f"{len(streamer.accepted)} sends in {took:.1f} s",
    )


async def _check_stored(report: Report, stub: MessagingServiceStub, visitors: Sequence[Visitor | Streamer]) -> None:
    for visitor in visitors:
        found = await history(stub, visitor.person.metadata, visitor.chat_id)
        stored = Counter(message.client_message_id for message in found if message.sender_id == visitor.person.user_id)
        report.require(
            "what was acknowledged is stored once, what was refused is not",
            holds=stored == Counter(visitor.accepted),
            but=f"{len(visitor.accepted)} acknowledged, {stored.total()} stored",
        )
