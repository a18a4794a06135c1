"""Devices in Python. The first line of standard input is the plan; `quiet` ends all actions, end of input ends the
program.
"""

import asyncio
import sys
from pathlib import Path
from random import Random
from typing import IO

from chatly.presence.v1 import presence_service_pb2 as presence

from tests.faults.clients.acting import Acting
from tests.faults.clients.link import Link, open_link
from tests.faults.clients.listening import Listening
from tests.faults.clients.notes import Notes
from tests.faults.clients.plan import DevicePlan, Plan, plan_of


async def live(plan: Plan, lines: asyncio.StreamReader, recording: IO[str]) -> None:
    quiet = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        devices = [
            group.create_task(device(each, plan, number, recording, quiet)) for number, each in enumerate(plan.devices)
        ]
        while line := await lines.readline():
            if line.strip() == b"quiet":
                quiet.set()
        for task in devices:
            task.cancel()


async def device(plan: DevicePlan, all_of_it: Plan, number: int, recording: IO[str], quiet: asyncio.Event) -> None:
    notes = Notes(recording, plan.name, plan.user)
    async with open_link(all_of_it.edges, plan.token, first=number) as link:
        listening = Listening(link, notes, plan.chats)
        acting = Acting(link, notes, listening, plan.chats, Random(plan.seed))
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.run())
            group.create_task(be_online(link, plan.name))
            group.create_task(acting.run(plan.every_seconds, quiet))


async def be_online(link: Link, name: str) -> None:
    request = presence.ConnectRequest(device_id=name)
    while True:
        async for _ in link.stream(lambda stubs: stubs.presence.Connect(request, metadata=link.metadata)):
            pass


async def main() -> None:
    lines = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = plan_of((await lines.readline()).decode())
    with Path(plan.recording).open("a") as recording:  # noqa: ASYNC230 - a line at a time, onto a local disk
        await live(plan, lines, recording)


if __name__ == "__main__":
    asyncio.run(main())
