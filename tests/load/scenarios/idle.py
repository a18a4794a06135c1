"""Thousands of idle subscriptions on one embedded node, and then one message for all of them."""

import time
from collections import Counter
from dataclasses import dataclass
from uuid import uuid4

import psutil
from chatly.messaging.v1 import messaging_service_pb2 as messaging

from tests.load.audience import Ear, hear, listening, require_each_once
from tests.load.context import Context
from tests.load.people import connections, group_of, residents
from tests.load.report import Report, percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    people: int
    streams_each: int
    """Streams per connection."""


FULL = Size(people=200, streams_each=25)
SMALL = Size(people=20, streams_each=5)


async def run(context: Context) -> Report:
    size, report = context.size(FULL, SMALL), Report()
    async with context.mesh() as mesh:
        everybody = await residents(mesh, size.people)
        server = psutil.Process(mesh.pid)
        async with connections(mesh, len(everybody)) as stubs:
            group = await group_of(stubs[0], everybody)
            ears = [
                Ear(stub, person)
                for stub, person in zip(stubs, everybody, strict=True)
                for _ in range(size.streams_each)
            ]
            before, began = server.memory_info().rss, time.monotonic()
            async with listening(ears):
                opened, after = time.monotonic() - began, server.memory_info().rss
                context.say(f"{len(ears)} streams are open")
                request = messaging.SendMessageRequest(chat_id=group, client_message_id=str(uuid4()), text="to all")
                answer = await stubs[0].SendMessage(request, metadata=everybody[0].metadata, timeout=60)
                said = {answer.message.message_id}
                await hear(ears, said)
            require_each_once(report, "idle streams", ears, said)
            ends = Counter(end for ear in ears for end in ear.ends)
            report.require("idle streams stay open", holds=not any(ear.resumes for ear in ears), but=dict(ends))
    delays = [delay for ear in ears for delay in ear.delays.values()]
    report.note("streams", len(ears), "")
    report.note("server memory per stream", (after - before) / len(ears) / 1024, "KiB")
    report.note("until all are open", opened, "s")
    report.note("one message, until half have it", percentile(delays, 50), "s")
    report.note("one message, until the last has it", max(delays), "s")
    return report
