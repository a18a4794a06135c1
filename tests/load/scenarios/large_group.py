"""The largest possible group: adding members, listing it, sending to it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Chat, Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from services.messaging.model import MAX_GROUP_MEMBERS
from tests.e2e.people import Person
from tests.faults.chatter import Sender
from tests.load.audience import Ear, hear, listening, require_each_once
from tests.load.context import Context
from tests.load.people import connections, group_of, residents
from tests.load.report import Report, percentile
from tests.problems import rpc_reason
from tests.waiting import eventually

_MOST_BYTES = 4 << 20
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    members: int
    groups: int
    """List all of it; this takes several pages."""
    online: int
    messages: int


FULL = Size(members=MAX_GROUP_MEMBERS, groups=12, online=200, messages=100)
SMALL = Size(members=120, groups=2, online=20, messages=20)


async def run(context: Context) -> Report:
    size, report = context.size(FULL, SMALL), Report()
    async with context.mesh() as mesh:
        everybody = await residents(mesh, size.members)
        context.say(f"{len(everybody)} people are registered")
        async with connections(mesh, size.online) as stubs:
            began = time.monotonic()
            group = await group_of(stubs[0], everybody)
            report.note("members", len(everybody), "")
            report.note("until the group has them all", time.monotonic() - began, "s")
            await _require_full(report, stubs[0], everybody, group)
            context.say("sending to the group")
            await _talk(report, stubs, everybody, group, size)
            context.say("creating more groups")
            await _list(report, stubs[0], everybody, size.groups - 1)
    return report


async def _require_full(report: Report, stub: MessagingServiceStub, everybody: Sequence[Person], group: str) -> None:
    """Add members until the group is full; one more is refused."""
    if len(everybody) < MAX_GROUP_MEMBERS:
        return
    request = messaging.AddMembersRequest(chat_id=group, user_ids=[str(uuid4())])
    try:
        await stub.AddMembers(request, metadata=everybody[0].metadata, timeout=_SECONDS)
    except grpc.aio.AioRpcError as error:
        report.require("one member too many is refused", holds=rpc_reason(error) == "GROUP_FULL", but=error)
    else:
        report.require("one member too many is refused", holds=False)


async def _talk(
    report: Report, stubs: Sequence[MessagingServiceStub], everybody: Sequence[Person], group: str, size: Size
) -> None:
    quiet = await _send(stubs[0], everybody[0], group, size.messages)
    report.note("a send, nobody online, p50", percentile(quiet.waits, 50) * 1_000, "ms")
    ears = [Ear(stub, person) for stub, person in zip(stubs, everybody, strict=False)]
    began = time.monotonic()
    async with listening(ears):
        report.note("members online", len(ears), "")
        report.note("until they all are", time.monotonic() - began, "s")
        loud = await _send(stubs[0], everybody[0], group, size.messages)
        said = {message.message_id for message in loud.acknowledged.values()}
        await hear(ears, said)
        report.note("a send, these online, p50", percentile(loud.waits, 50) * 1_000, "ms")
        report.spread("its delivery", [delay for ear in ears for delay in ear.delays.values()])
        await _read(report, stubs, everybody[1 : size.online], group, [*loud.acknowledged.values()][-1])
    require_each_once(report, "members online", ears, said)
    absent = await _chat(stubs[0], everybody[-1], group)
    report.require(
        "who was away finds every message unread",
        holds=absent.unread_count == len(quiet.acknowledged) + len(loud.acknowledged),
        but=absent.unread_count,
    )
    report.require("a group tells of every member", holds=len(absent.members) == len(everybody))
    report.note("GetChat", absent.ByteSize() / 1024, "KiB")
    report.note("GetChat, p50", await _p50(lambda: _chat(stubs[0], everybody[0], group)), "ms")


async def _send(stub: MessagingServiceStub, person: Person, group: str, number: int) -> Sender:
    sender, stop = Sender(stub, person, [group], 0.05), asyncio.Event()
    talking = asyncio.create_task(sender.run(stop))
    await eventually(lambda: len(sender.acknowledged) >= number or talking.done(), "all is said", seconds=300)
    stop.set()
    await talking
    return sender


async def _read(
    report: Report, stubs: Sequence[MessagingServiceStub], readers: Sequence[Person], group: str, message: Message
) -> None:
    request = messaging.MarkReadRequest(chat_id=group, message_id=message.message_id)
    began = time.monotonic()
    await asyncio.gather(
        *(
            stub.MarkRead(request, metadata=person.metadata, timeout=_SECONDS)
            for stub, person in zip(stubs, readers, strict=False)
        )
    )
    report.note("read marks of all online at once", (time.monotonic() - began) * 1_000 / len(readers), "ms each")


async def _list(report: Report, stub: MessagingServiceStub, everybody: Sequence[Person], more: int) -> None:
    groups = [await group_of(stub, everybody, f"Everybody {number}") for number in range(more)]
    pages: list[messaging.ListChatsResponse] = []
    took: list[float] = []
    request = messaging.ListChatsRequest(page_size=100)
    while not pages or request.page_token:
        began = time.monotonic()
        page = await stub.ListChats(request, metadata=everybody[0].metadata, timeout=_SECONDS)
        took.append(time.monotonic() - began)
        pages.append(page)
        request.page_token = page.next_page_token
    listed = [chat.chat_id for page in pages for chat in page.chats]
    report.require("the list has every group once", holds=len(listed) == more + 1 and {*groups} < {*listed})
    largest = max(page.ByteSize() for page in pages)
    report.require("a page of chats fits into an answer", holds=largest < _MOST_BYTES, but=largest)
    report.note("such groups of one user", len(listed), "")
    report.note("pages of their list", len(pages), "")
    report.note("the largest page", largest / 1024, "KiB")
    report.note("the slowest page", max(took), "s")


async def _chat(stub: MessagingServiceStub, person: Person, group: str) -> Chat:
    request = messaging.GetChatRequest(chat_id=group)
    return (await stub.GetChat(request, metadata=person.metadata, timeout=_SECONDS)).chat


async def _p50(call: Callable[[], Awaitable[object]]) -> float:
    """In milliseconds."""
    took: list[float] = []
    for _ in range(20):
        began = time.monotonic()
        await call()
        took.append(time.monotonic() - began)
    return percentile(took, 50) * 1_000
