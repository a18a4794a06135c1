"""A very long chat: its backlog is stored while users chat, and then its pages are read."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from bench.records import Records
from history.chat_id import ChatId
from history.codec import decode
from kernel.sqlite.log import SqliteLog, open_sqlite_log
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person
from tests.faults.chatter import Sender
from tests.load.audience import Ear, hear, listening, require_each_once
from tests.load.context import Context
from tests.load.people import connections, residents
from tests.load.report import Report, percentile
from tests.load.watching import Watch

_AT_ONCE = 1_000
_PAGE = 50
_PAGES = 50
_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    messages: int


FULL = Size(messages=1_000_000)
SMALL = Size(messages=3_000)


@dataclass(frozen=True, slots=True)
class Marks:
    """Messages that create a long chat."""

    first: str
    middle: str
    last: str


async def run(context: Context) -> Report:
    size, report = context.size(FULL, SMALL), Report()
    async with context.mesh() as mesh:
        ann, bob, *others = await residents(mesh, 4)
        chat_id = ann.chat_with(bob)
        await mesh.stop()
        context.say("filling the log")
        began = time.monotonic()
        marks = await _fill(mesh.data_dir / "log.db", ChatId(chat_id), size.messages)
        report.note("messages of the chat", size.messages, "")
        report.note("filling the log", size.messages / (time.monotonic() - began), "1/s")
        context.say("starting the mesh")
        began = time.monotonic()
        await mesh.start()
        report.note("until the mesh serves with this backlog", time.monotonic() - began, "s")
        async with connections(mesh, 3) as stubs:
            await _talk_while_it_drains(report, mesh, stubs, others, size.messages)
            context.say("all is stored")
            await _page(report, Reader(stubs[0], ann, chat_id), marks, size.messages)
    return report


async def _fill(path: Path, chat_id: ChatId, number: int) -> Marks:
    records = Records(age=timedelta(hours=1, milliseconds=number))
    ids: list[str] = []
    async with open_sqlite_log(path) as log:
        for _ in range(number // _AT_ONCE):
            ids += await _append(log, records, chat_id)
    return Marks(ids[0], ids[len(ids) // 2], ids[-1])


async def _append(log: SqliteLog, records: Records, chat_id: ChatId) -> list[str]:
    batch = [records.message(chat_id) for _ in range(_AT_ONCE)]
    await asyncio.gather(*(log.append(record.key, record.value) for record in batch))
    return [str(decode(record.value).event_id) for record in batch]


async def _talk_while_it_drains(
    report: Report, mesh: Mesh, stubs: Sequence[MessagingServiceStub], others: Sequence[Person], number: int
) -> None:
    """Two other users write to each other all the time."""
    speaker, listener = others
    sender = Sender(stubs[1], speaker, [speaker.chat_with(listener)], 0.2)
    ear, stop = Ear(stubs[2], listener), asyncio.Event()
    memory = psutil.Process(mesh.pid).memory_info().rss / 2**20
    async with listening([ear]), asyncio.TaskGroup() as group:
        group.create_task(sender.run(stop))
        async with Watch(mesh) as watch:
            drained = await watch.drained(number)
        stop.set()
    said = {message.message_id for message in sender.acknowledged.values()}
    async with listening([ear]):
        await hear([ear], said)
    require_each_once(report, "those who talk while it drains", [ear], said)
    report.note("drained", drained, "1/s")
    report.note("memory when it begins to serve", memory, "MiB")
    report.note("most memory while it drains", watch.most_mib, "MiB")
    report.note("memory when all is stored", watch.last_mib, "MiB")
    report.note("messages in another chat meanwhile", len(said), "")
    report.note("longest wait of a send there", max(sender.waits), "s")
    report.note("longest way to a listener there", max(ear.delays.values()), "s")


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two, who pages through the chat."""

    stub: MessagingServiceStub
    person: Person
    chat_id: str

    async def pages(self, *, forward: bool, start: str = "") -> tuple[list[Message], list[float]]:
        """Return the messages of some pages in the order of reading, and the duration of each page."""
        direction = messaging.LIST_DIRECTION_FORWARD if forward else messaging.LIST_DIRECTION_BACKWARD
        request = messaging.ListMessagesRequest(
            chat_id=self.chat_id, page_size=_PAGE, direction=direction, start_message_id=start
        )
        found: list[Message] = []
        took: list[float] = []
        for _ in range(_PAGES):
            began = time.monotonic()
            page = await self.stub.ListMessages(request, metadata=self.person.metadata, timeout=_SECONDS)
            took.append(time.monotonic() - began)
            found += page.messages if forward else reversed(page.messages)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        return found, took


async def _page(report: Report, reader: Reader, marks: Marks, number: int) -> None:
    newest, took = await reader.pages(forward=False)
    report.note("a page of 50 at the newest end, p50", percentile(took, 50) * 1_000, "ms")
    _require_dense(report, "at the newest end", newest, range(number, 0, -1))
    report.require("the newest page begins with the newest message", holds=newest[0].message_id == marks.last)
    oldest, took = await reader.pages(forward=True, start=marks.first)
    report.note("a page of 50 at the oldest end, p50", percentile(took, 50) * 1_000, "ms")
    _require_dense(report, "at the oldest end", oldest, range(2, number + 1))
    middle, took = await reader.pages(forward=True, start=marks.middle)
    report.note("a page of 50 in the middle, p50", percentile(took, 50) * 1_000, "ms")
    _require_dense(report, "in the middle", middle, range(number // 2 + 2, number + 1))


def _require_dense(report: Report, where: str, found: Sequence[Message], expected: range) -> None:
    seqs = [message.seq for message in found]
    report.require(f"pages {where} are whole, and in order", holds=seqs == list(expected[: _PAGE * _PAGES]))
