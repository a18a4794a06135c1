"""CPU time of a messaging process per delivery to gRPC streams, without the sends: events go to the bus directly.

`python -m bench.deliveries` measures the libraries of the gRPC server in turns, ngh2 also with responses that handlers
yield. The streams are read by another process, each on a connection of its own.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest import mock
from uuid import uuid4

import grpc
import structlog
import uvloop
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from history.audience import STORED_CHANNEL, channels_of
from history.chat_id import ChatId
from history.codec import pack_lasting
from history.model import ChatEvent, LogEvent, MessageSent
from history.watermark import encode_watermark
from kernel.bus.memory import MemoryBus
from kernel.bus.ports import BusMessage
from kernel.grpc.ngh2.server import Ngh2Server
from kernel.grpc.responses import YieldOnly
from kernel.ids import HybridClock, UserId
from kernel.log.ports import LogPosition
from kernel.time import SystemClock
from tests.builders import an_id
from tests.rpc.messaging.harness import ANN, Harness, open_harness

_STREAMS = 200
_WATERMARKS_PER_SECOND = 10
_READY = b"caught up\n"
_SIDES = ("grpcio", "ngh2, yielded", "ngh2")


class _Chat:
    """Publishes messages of one group on the bus, as other nodes and the persister do."""

    def __init__(self, chat_id: str, bus: MemoryBus) -> None:
        self._chat_id = ChatId(chat_id)
        self._bus = bus
        self._clock = SystemClock()
        self._ids = HybridClock(clock=self._clock)
        self._offset = 1_000
        self._stored_at = 0.0

    async def publish(self) -> None:
        self._offset += 1
        change = MessageSent(uuid4(), "x" * 200)
        event = ChatEvent(self._ids.next(), self._chat_id, UserId(ANN), self._clock.now(), change)
        payload = pack_lasting(LogEvent(LogPosition(0, self._offset), event))
        await self._bus.publish([BusMessage(channel, payload) for channel in channels_of(event)])
        if time.monotonic() - self._stored_at > 1 / _WATERMARKS_PER_SECOND:
            self._stored_at = time.monotonic()
            await self._bus.publish([BusMessage(STORED_CHANNEL, encode_watermark({0: self._offset}))])


async def _round(side: str, rates: Sequence[float], seconds: float) -> dict[float, float]:
    """Return the CPU time per delivery in µs by messages a second."""
    bus = MemoryBus()
    unpatched = Ngh2Server.responses
    responses = (lambda *_: YieldOnly()) if side == "ngh2, yielded" else unpatched
    with (
        mock.patch("tests.fakes.grpc_engine", side.partition(",")[0]),
        mock.patch.object(Ngh2Server, "responses", responses),
        TemporaryDirectory(prefix="chatly-bench-") as folder,
    ):
        async with open_harness(Path(folder), bus=bus) as harness, _readers(harness) as chat_id:
            chat = _Chat(chat_id, bus)
            await _cpu_seconds(chat, 50, 2.0)
            idle = await _cpu_seconds(chat, 0, 3.0) / 3.0
            found = {}
            for rate in rates:
                cpu = await _cpu_seconds(chat, rate, seconds) - idle * seconds
                found[rate] = cpu / (rate * seconds) / _STREAMS * 1e6
            return found


async def _cpu_seconds(chat: _Chat, rate: float, seconds: float) -> float:
    cpu, begin = time.process_time(), time.monotonic()
    for number in range(1, int(rate * seconds) + 1):
        await chat.publish()
        await asyncio.sleep(max(0, begin + number / rate - time.monotonic()))
    await asyncio.sleep(max(0, begin + seconds - time.monotonic()))
    return time.process_time() - cpu


@asynccontextmanager
async def _readers(harness: Harness) -> AsyncIterator[str]:
    """Open streams of the members of a new group in another process, and yield the group's id."""
    users = [an_id() for _ in range(_STREAMS)]
    harness.auth.blocks.update({user: set() for user in users})
    group = await harness.a_group(ANN, *users)
    plan = {"port": harness.served.server.grpc_port, "metadata": [harness.by(user) for user in users]}
    pipe = asyncio.subprocess.PIPE
    reading = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.deliveries", "--read", stdin=pipe, stdout=pipe
    )
    assert reading.stdin is not None
    assert reading.stdout is not None
    try:
        reading.stdin.write(json.dumps(plan).encode() + b"\n")
        if await reading.stdout.readline() != _READY:
            raise RuntimeError("the streams could not be opened")
        yield group.chat_id
    finally:
        reading.kill()
        await reading.wait()


async def _read_all() -> None:
    plan = json.loads(sys.stdin.readline())
    caught_up = [asyncio.Event() for _ in plan["metadata"]]
    async with asyncio.TaskGroup() as group:
        for metadata, event in zip(plan["metadata"], caught_up, strict=True):
            group.create_task(_read(f"127.0.0.1:{plan['port']}", metadata, event))
        for event in caught_up:
            await event.wait()
        print(_READY.decode(), end="", flush=True)


async def _read(address: str, metadata: Sequence[Sequence[str]], caught_up: asyncio.Event) -> None:
    own_connection = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, own_connection) as channel:
        call = MessagingServiceStub(channel).Subscribe(
            pb.SubscribeRequest(), metadata=[(key, value) for key, value in metadata]
        )
        while await call.read() is not grpc.aio.EOF:
            caught_up.set()


async def _measure(rounds: int, rates: Sequence[float], seconds: float) -> None:
    found: dict[tuple[str, float], list[float]] = defaultdict(list)
    for number in range(rounds):
        for side in _SIDES:
            for rate, cpu in (await _round(side, rates, seconds)).items():
                found[side, rate].append(cpu)
                print(f"{number + 1}: {side}, {rate:g} messages a second: {cpu:.1f} µs per delivery", flush=True)
    for (side, rate), values in found.items():
        print(f"{side:<14} {rate:>5g}/s {median(values):>6.1f} µs ({min(values):.1f} to {max(values):.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.deliveries", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="duration of one measurement")
    parser.add_argument("--rates", type=float, nargs="+", default=[8, 30, 100, 400], help="messages a second")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        asyncio.run(_read_all())
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    uvloop.run(_measure(options.rounds, options.rates, options.seconds))


if __name__ == "__main__":
    main()
