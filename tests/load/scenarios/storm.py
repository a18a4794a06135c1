"""A node dies with thousands of streams, which all reconnect at once to the other node."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tests.faults.chatter import Sender
from tests.load.audience import Ear, hear, listening, require_each_once
from tests.load.context import Context
from tests.load.people import connections, group_of, residents
from tests.load.report import Report
from tests.waiting import eventually

_STEADY = 5
_BACK_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    people: int
    streams_each: int
    """Streams per connection."""
    messages: int
    """Before the kill, and again after it."""
    every_seconds: float


FULL = Size(people=100, streams_each=20, messages=40, every_seconds=0.5)
SMALL = Size(people=12, streams_each=5, messages=5, every_seconds=0.1)


async def run(context: Context) -> Report:
    size, report = context.size(FULL, SMALL), Report()
    async with context.mesh({"messaging": 2}, **context.engines()) as mesh:
        first, second = mesh.grpc_nodes["messaging"]
        everybody = await residents(mesh, size.people)
        async with (
            connections(mesh, len(everybody), target=f"ipv4:{first},{second}") as doomed,
            connections(mesh, _STEADY, target=second) as safe,
        ):
            group = await group_of(safe[0], everybody)
            ears = [
                Ear(stub, person)
                for stub, person in zip(doomed, everybody, strict=True)
                for _ in range(size.streams_each)
            ]
            steady = [Ear(stub, person) for stub, person in zip(safe, everybody, strict=False)]
            sender = Sender(safe[0], everybody[0], [group], size.every_seconds)
            async with listening([*ears, *steady]):
                context.say(f"{len(ears)} streams are open on the node that will die")
                kill = partial(os.kill, mesh.node_pid("messaging-1"), signal.SIGKILL)
                await _talk_while_it_dies(report, sender, ears, size.messages, kill)
                context.say("all streams are open again")
                said = {message.message_id for message in sender.acknowledged.values()}
                await hear([*ears, *steady], said)
            require_each_once(report, "streams of the node that died", ears, said)
            require_each_once(report, "streams of the other node", steady, said)
            report.require("all streams of the node that died come back", holds=all(ear.resumes for ear in ears))
            report.require("no stream of the other node is lost", holds=not any(ear.resumes for ear in steady))
            report.require("no send to the other node fails", holds=not sender.retries, but=f"{sender.retries} retries")
    report.note("streams of the node that died", len(ears), "")
    return report


async def _talk_while_it_dies(
    report: Report, sender: Sender, ears: Sequence[Ear], messages: int, kill: Callable[[], None]
) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.run(stop))
        await _more(sender, messages)
        calm, sends = max(sender.waits), len(sender.waits)
        for ear in ears:
            ear.caught_up.clear()
        kill()
        died = time.monotonic()
        await eventually(lambda: _back(ears) >= len(ears) / 2, "half are back", seconds=_BACK_SECONDS)
        half = time.monotonic() - died
        await eventually(lambda: _back(ears) == len(ears), "all streams are open again", seconds=_BACK_SECONDS)
        whole = time.monotonic() - died
        await _more(sender, messages)
        stop.set()
    report.note("until half are caught up again", half, "s")
    report.note("until all are caught up again", whole, "s")
    report.note("longest wait of a send to the other node before", calm, "s")
    report.note("longest wait of a send to the other node meanwhile", max(sender.waits[sends:]), "s")


async def _more(sender: Sender, number: int) -> None:
    enough = len(sender.acknowledged) + number
    await eventually(lambda: len(sender.acknowledged) >= enough, "messages get through", seconds=_BACK_SECONDS)


def _back(ears: Sequence[Ear]) -> int:
    return sum(ear.resumes > 0 and ear.caught_up.is_set() for ear in ears)
