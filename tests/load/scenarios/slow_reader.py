"""A large group in which one subscriber does not read: the others must not notice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person
from tests.faults.chatter import Sender, messaging_stub
from tests.load.audience import Ear, hear, listening, require_each_once
from tests.load.context import Context
from tests.load.people import connections, group_of, residents
from tests.load.report import Report
from tests.problems import rpc_reason, rpc_retry_seconds
from tests.waiting import eventually

# Small, so that the server notices soon that nobody reads.
_NARROW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 64 << 10))
_LONG = "x" * 3_950


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    members: int
    messages: int
    """Number of messages of about 4,000 characters: a send queue holds 262 of them."""
    every_seconds: float
    rounds: int


FULL = Size(members=200, messages=400, every_seconds=0.1, rounds=2)
SMALL = Size(members=10, messages=400, every_seconds=0.0, rounds=1)


async def run(context: Context) -> Report:
    """Send the same messages twice: with all subscribers reading, and with one who does not."""
    size, report = context.size(FULL, SMALL), Report()
    async with context.mesh() as mesh:
        everybody = await residents(mesh, size.members)
        async with connections(mesh, len(everybody)) as stubs:
            group = await group_of(stubs[0], everybody)
            sender = Sender(stubs[0], everybody[0], [group], size.every_seconds, filling=_LONG)
            others = [Ear(stub, person) for stub, person in zip(stubs[:-1], everybody[:-1], strict=True)]
            delays: dict[bool, list[float]] = {False: [], True: []}
            async with listening(others):
                for _ in range(size.rounds):
                    context.say("all subscribers read")
                    delays[False] += await _talk(sender, others, size.messages)
                    context.say("one subscriber does not read")
                    async with _not_reading(report, mesh, everybody[-1], sender):
                        delays[True] += await _talk(sender, others, size.messages)
            require_each_once(report, "those who read", others, _said(sender))
    report.note("subscribers who read", len(others), "")
    report.note("messages of 4,000 characters", len(sender.acknowledged), "")
    report.spread("delivery while all read", delays[False])
    report.spread("delivery beside one who does not", delays[True])
    return report


def _said(sender: Sender) -> set[str]:
    return {message.message_id for message in sender.acknowledged.values()}


async def _talk(sender: Sender, others: Sequence[Ear], number: int) -> list[float]:
    """Return the delays of this many messages to each of the others."""
    before, enough, stop = _said(sender), len(sender.acknowledged) + number, asyncio.Event()
    talking = asyncio.create_task(sender.run(stop))
    await eventually(lambda: len(sender.acknowledged) >= enough or talking.done(), "all is said", seconds=300)
    stop.set()
    await talking
    await hear(others, _said(sender))
    return [delay for ear in others for message_id, delay in ear.delays.items() if message_id not in before]


@asynccontextmanager
async def _not_reading(report: Report, mesh: Mesh, person: Person, sender: Sender) -> AsyncIterator[None]:
    """Subscribe, read nothing within the block, then read the rest, and resume from the cursor."""
    before = _said(sender)
    async with messaging_stub(mesh, *_NARROW, target=mesh.grpc["messaging"]) as stub:
        # A cursor follows the store: events that are not stored by then are delivered after it.
        await eventually(partial(_is_stored, stub, person, sender.chat_ids[0]), "all is stored", seconds=60)
        ear = Ear(stub, person)
        answers = aiter(stub.Subscribe(messaging.SubscribeRequest(), metadata=person.metadata))
        while not ear.caught_up.is_set():
            ear.take_all(await anext(answers))
        yield
        async with asyncio.timeout(60):
            try:
                async for answer in answers:
                    ear.take_all(answer)
            except grpc.aio.AioRpcError as error:
                _require_slow_reader(report, error)
        said = _said(sender) - before
        report.require("one who does not read loses its stream", holds=not ear.has_heard(said))
        ear.caught_up.clear()
        async with listening([ear]):
            await hear([ear], said)
        require_each_once(report, "those who read too slowly and went on from their cursor", [ear], said)


async def _is_stored(stub: MessagingServiceStub, person: Person, chat_id: str) -> bool:
    request = messaging.ListMessagesRequest(chat_id=chat_id, page_size=1)
    page = await stub.ListMessages(request, metadata=person.metadata)
    return page.messages[0].seq > 0


def _require_slow_reader(report: Report, error: grpc.aio.AioRpcError) -> None:
    ended = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and rpc_reason(error) == "SLOW_READER"
    report.require("the stream of one who does not read ends with SLOW_READER", holds=ended, but=error)
    report.require("SLOW_READER says when to come back", holds=rpc_retry_seconds(error) > 0)
