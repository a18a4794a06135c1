"""One address sends as fast as it can, at the edge's default limit, while others send at a steady pace."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, rest
from tests.faults.chatter import messaging_stub
from tests.faults.history import history
from tests.load.ground import Ground
from tests.load.people import residents
from tests.load.report import Report
from tests.problems import reason, retry_seconds

_FLOODER = "127.0.0.2"
_STEADY = 10
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    seconds: float
    """Before the flood, and again during it."""
    every_seconds: float
    limit: int
    """Sends a second that the edge takes from one address."""


FULL = Size(seconds=10, every_seconds=0.25, limit=100)
# A busy machine must be able to exceed it.
SMALL = Size(seconds=2, every_seconds=1, limit=20)


@dataclass
class Visitor:
    """Somebody who sends by REST to one chat, and takes no for an answer."""

    client: httpx.AsyncClient
    person: Person
    chat_id: str
    accepted: set[str] = field(default_factory=set)
    """By client_message_id."""
    refused: list[httpx.Response] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Of what was accepted."""

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


async def run(ground: Ground) -> Report:
    size, report = ground.size(FULL, SMALL), Report()
    async with (
        ground.mesh(CHATLY_EDGE_SEND_PER_SECOND=str(size.limit)) as mesh,
        rest(mesh, address=_FLOODER) as far,
        rest(mesh) as near,
    ):
        everybody = await residents(mesh, _STEADY + 1)
        others = [
            Visitor(near, person, person.chat_with(everybody[number])) for number, person in enumerate(everybody[1:])
        ]
        flooder = Visitor(far, everybody[0], everybody[0].chat_with(everybody[-1]))
        ground.say("a steady pace")
        await _steady(others, size)
        before = _taken_waits(others)
        ground.say("one floods")
        took = await _flood(flooder, others, size)
        during = _taken_waits(others)
        await _judge(report, mesh, flooder, others)
    report.note("the flooder's sends accepted", len(flooder.accepted) / took, "1/s")
    report.note("the flooder's sends refused", len(flooder.refused) / took, "1/s")
    report.spread("the others' sends before", before)
    report.spread("the others' sends during", during)
    return report


def _taken_waits(visitors: Sequence[Visitor]) -> list[float]:
    """Those since the last look."""
    waits = [wait for visitor in visitors for wait in visitor.waits]
    for visitor in visitors:
        visitor.waits.clear()
    return waits


async def _steady(others: Sequence[Visitor], size: Size) -> None:
    end = time.monotonic() + size.seconds
    await asyncio.gather(*(other.send_until(end, size.every_seconds) for other in others))


async def _flood(flooder: Visitor, others: Sequence[Visitor], size: Size) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    flooding = (flooder.send_until(began + size.seconds, 0) for _ in range(_AT_ONCE))
    await asyncio.gather(_steady(others, size), *flooding)
    return time.monotonic() - began


async def _judge(report: Report, mesh: Mesh, flooder: Visitor, others: Sequence[Visitor]) -> None:
    report.require("a flood is refused", holds=bool(flooder.refused))
    for answer in flooder.refused:
        typed = answer.status_code == httpx.codes.TOO_MANY_REQUESTS and reason(answer) == "RATE_LIMITED"
        report.require("a flood is refused by 429 RATE_LIMITED", holds=typed, but=answer.text)
        told = answer.headers.get("retry-after") == "1" and retry_seconds(answer) == 1
        report.require("a refusal says when to come back", holds=told, but=answer.headers)
        if report.complaints:
            break
    refused = [answer.text for other in others for answer in other.refused]
    report.require("nobody else is refused", holds=not refused, but=refused[:3])
    async with messaging_stub(mesh) as stub:
        for visitor in (flooder, *others):
            told = await history(stub, visitor.person.metadata, visitor.chat_id)
            stored = Counter(
                message.client_message_id for message in told if message.sender_id == visitor.person.user_id
            )
            report.require(
                "what was acknowledged is stored once, what was refused is not",
                holds=stored == Counter(visitor.accepted),
                but=f"{len(visitor.accepted)} acknowledged, {stored.total()} stored",
            )
