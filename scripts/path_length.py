"""Measures how many of our files and functions a message passes through, and how large the production files are.

The program runs an auth service and two messaging nodes over the embedded adapters, without a persister. One user sends
to another, whose stream is open on the second node. After a warm-up, `sys.setprofile` records every frame of kernel/,
history/, services/ and mesh/ while a message is sent. A frame counts if at least half of the messages pass through it.

SendMessage: every frame of the gRPC call on the server, from the interceptors to the response: token check, validation,
handler, use case, log append (including the log's writer thread), hot tail and live publish. Tasks that the call starts
count too. Background loops of the node do not.

Delivery: every frame between the hub of the second node taking the event off the bus and the bytes given to gRPC, in
the tasks of the hub and of the stream and in the timers between them. A process does not decode its own events; the
second delivery is of an event that another process published.

Comprehensions, generator expressions and lambdas are frames, and count as functions.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import contextlib
import logging
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FrameType
from unittest import mock
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "gen/python")]

import grpc  # noqa: E402
import structlog  # noqa: E402
from chatly.auth.v1 import auth_service_pb2 as auth_pb  # noqa: E402
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub  # noqa: E402
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb  # noqa: E402
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub  # noqa: E402

from history import codec  # noqa: E402
from history.unstored import claims  # noqa: E402
from kernel.bus.ports import BusGap, BusMessage, BusSubscription, LiveBus  # noqa: E402
from kernel.grpc.jwks import JwksFeed  # noqa: E402
from kernel.runner import background  # noqa: E402
from kernel.settings import load  # noqa: E402
from mesh.addresses import load_addresses  # noqa: E402
from mesh.platform import open_platform  # noqa: E402
from mesh.serve import serving  # noqa: E402
from mesh.services import SERVICES  # noqa: E402
from mesh.settings import ProcessSettings, embedded_secret  # noqa: E402

PACKAGES = ("kernel", "history", "services", "mesh")
LIVE = "services/messaging/live/"
SEND_GOAL = (20, 70)
DELIVERY_GOAL = (16, 55)
# Files and functions that a route may have, which a test holds. Lower them when a route gets shorter; never raise them.
# The functions of a few messages vary by one or two, with the timing of threads.
# Raised once from (34, 118), for the limits of calls per user.
SEND_LIMIT = (35, 120)
DELIVERY_LIMIT = (18, 53)
SMALL_LINES = 40
SMALL_GOAL = 0.20
LONGEST_GOAL = 400
WARM_UP = 30
MEASURED = 15
PASSWORD = "correct horse battery"  # noqa: S105 - of a user who exists for seconds


@dataclass(frozen=True, slots=True, order=True)
class Function:
    """One frame of ours: a function, a lambda or a comprehension."""

    file: str
    line: int
    name: str


@dataclass(slots=True)
class Route:
    """The functions that one message passes through, in the order of their first calls."""

    functions: dict[Function, None] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        return sorted({function.file for function in self.functions})

    @property
    def size(self) -> tuple[int, int]:
        return len(self.files), len(self.functions)


class Recorder:
    """A profile function that records calls of our functions by task, or by thread."""

    def __init__(self) -> None:
        self.on = False
        self.earlier: set[asyncio.Task[object]] = set()
        self.calls: dict[asyncio.Task[object] | str, Route] = {}
        self._known: dict[CodeType, Function | None] = {}
        self._main = threading.get_ident()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.earlier = set(asyncio.all_tasks())
        self.calls = {}
        self.on = True

    def end(self) -> None:
        self.on = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if not self.on or event != "call":
            return
        function = self._function(frame.f_code)
        if function is None:
            return
        if threading.get_ident() != self._main:
            owner: asyncio.Task[object] | str = "thread"
        else:
            owner = asyncio.current_task(self._loop) or "timers"
        self.calls.setdefault(owner, Route()).functions.setdefault(function)

    def _function(self, code: CodeType) -> Function | None:
        if code not in self._known:
            self._known[code] = _ours(code)
        return self._known[code]

    def send(self) -> Route:
        """Return the frames of tasks that started with the message, and of the log's thread."""
        new = [path for owner, path in self.calls.items() if owner == "thread" or self._is_new(owner)]
        return _joined(new)

    def delivery(self) -> Route:
        """Return the frames of live delivery's older tasks and timers."""
        old = [
            path
            for owner, path in self.calls.items()
            if owner != "thread" and not self._is_new(owner) and any(file.startswith(LIVE) for file in path.files)
        ]
        return _joined(old)

    def _is_new(self, owner: asyncio.Task[object] | str) -> bool:
        return isinstance(owner, asyncio.Task) and owner not in self.earlier


def _ours(code: CodeType) -> Function | None:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT):
        return None
    file = path.relative_to(ROOT).as_posix()
    if not file.startswith(tuple(f"{package}/" for package in PACKAGES)):
        return None
    return Function(file, code.co_firstlineno, code.co_qualname)


def _joined(routes: list[Route]) -> Route:
    whole = Route()
    for path in routes:
        whole.functions |= path.functions
    return whole


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    metadata: tuple[tuple[str, str], ...]


async def _user(channel: grpc.aio.Channel, name: str) -> User:
    stub, email = AuthServiceStub(channel), f"{name}@example.org"
    await stub.Register(auth_pb.RegisterRequest(username=name, email=email, password=PASSWORD))
    login = await stub.Login(auth_pb.LoginRequest(email=email, password=PASSWORD))
    return User(login.user_id, (("authorization", f"Bearer {login.token}"),))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _environ(folder: Path, auth_port: int) -> dict[str, str]:
    """Return the environment of a separate mesh: free ports and a temporary folder."""
    return {
        "CHATLY_DATA_DIR": str(folder),
        "CHATLY_AUTH_ADDRESS": f"127.0.0.1:{auth_port}",
        "CHATLY_AUTH_GRPC_PORT": str(auth_port),
        "CHATLY_AUTH_HTTP_PORT": str(_free_port()),
    }


def _own_ports(environ: dict[str, str]) -> dict[str, str]:
    return environ | {
        "CHATLY_MESSAGING_GRPC_PORT": str(_free_port()),
        "CHATLY_MESSAGING_HTTP_PORT": str(_free_port()),
    }


@dataclass(frozen=True, slots=True)
class Nodes:
    """Channels to auth and to two messaging nodes that share log and bus."""

    auth: grpc.aio.Channel
    sending: grpc.aio.Channel
    delivering: grpc.aio.Channel


class ForeignBus:
    """A bus whose messages look as if another process had published them: they must be decoded."""

    def __init__(self, bus: LiveBus) -> None:
        self._bus = bus

    @property
    def up(self) -> bool:
        return self._bus.up

    async def deliver(self, messages: Sequence[BusMessage | BusGap]) -> None:
        await self._bus.deliver(messages)

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        await self._bus.publish(messages)
        codec._decoded.clear()  # noqa: SLF001 - the process' memory of its own events

    def subscribe(self) -> BusSubscription:
        return self._bus.subscribe()


@asynccontextmanager
async def open_nodes(folder: Path, *, foreign: bool) -> AsyncIterator[Nodes]:
    """`foreign`: the delivering node receives events as if from another process."""
    environ = _environ(folder, _free_port())
    process = load(ProcessSettings, environ)
    secret = embedded_secret(process)
    async with contextlib.AsyncExitStack() as stack:
        platform = await stack.enter_async_context(
            open_platform(process, load_addresses(environ), secret=secret, name="path-length")
        )
        if foreign:
            platform = replace(platform, bus=ForeignBus(platform.bus))
        feed = JwksFeed(platform.service_channel("auth"))
        started = [("auth", environ), ("messaging", _own_ports(environ)), ("messaging", _own_ports(environ))]
        channels = []
        for name, own in started:
            server = await stack.enter_async_context(serving(SERVICES[name], own, platform, feed))
            channels.append(await stack.enter_async_context(grpc.aio.insecure_channel(server.address)))
        await stack.enter_async_context(background({"jwks": feed.run}))
        yield Nodes(*channels)


async def measure(recorder: Recorder, *, foreign: bool) -> list[tuple[Route, Route]]:
    """Return the routes of send and delivery for MEASURED messages, sent one after another."""
    routes = []
    # As on a node that has been running for some minutes: it trusts its claims.
    trusting = mock.patch.object(claims, "_MARGIN_SECONDS", 0)
    with trusting, tempfile.TemporaryDirectory(prefix="chatly-path-") as folder:
        async with open_nodes(Path(folder), foreign=foreign) as nodes:
            sender, receiver = await _user(nodes.auth, "sender"), await _user(nodes.auth, "receiver")
            stream = MessagingServiceStub(nodes.delivering).Subscribe(
                messaging_pb.SubscribeRequest(), metadata=receiver.metadata
            )
            await _read_until(stream, "caught_up")
            for number in range(WARM_UP + MEASURED):
                # Longer than the delay for which a busy stream collects events.
                await asyncio.sleep(0.1)
                recorder.begin()
                await MessagingServiceStub(nodes.sending).SendMessage(
                    messaging_pb.SendMessageRequest(
                        user_id=receiver.user_id, client_message_id=_send_id(), text=f"message {number}"
                    ),
                    metadata=sender.metadata,
                )
                await _read_until(stream, "message_created")
                recorder.end()
                if number >= WARM_UP:
                    routes.append((recorder.send(), recorder.delivery()))
            stream.cancel()
    return routes


def _send_id() -> str:
    """Return a UUID of version 7, as clients make it."""
    return str(UUID(int=time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | 0b10 << 62 | secrets.randbits(62)))


async def _read_until(
    stream: grpc.aio.UnaryStreamCall[messaging_pb.SubscribeRequest, messaging_pb.SubscribeResponse], kind: str
) -> None:
    async with asyncio.timeout(60):
        while True:
            response = await stream.read()
            assert isinstance(response, messaging_pb.SubscribeResponse), "the stream ended"  # noqa: S101
            if any(event.WhichOneof("event") == kind for event in response.events):
                return


def _usual(routes: list[Route]) -> Route:
    """Return the functions that at least half of the messages passed through."""
    counts = Counter(function for route in routes for function in route.functions)
    return Route({function: None for function, count in counts.items() if count * 2 >= len(routes)})


@contextlib.contextmanager
def profiled(recorder: Recorder) -> Iterator[None]:
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def production_files() -> dict[str, int]:
    """Return file → lines. An `__init__.py` that contains at most a docstring is left out."""
    sizes = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text("utf-8")
            body = ast.parse(text).body
            only_docstring = len(body) == 1 and isinstance(body[0], ast.Expr)
            if path.name == "__init__.py" and (not body or only_docstring):
                continue
            sizes[path.relative_to(ROOT).as_posix()] = len(text.splitlines())
    return sizes


def _show(name: str, path: Route, goal: tuple[int, int], limit: tuple[int, int], *, with_list: bool) -> bool:
    (files, functions), (most_files, most_functions) = path.size, limit
    kept = files <= most_files and functions <= most_functions
    _line(
        name, f"{files} files, {functions} functions", f"{goal[0]} / {goal[1]}, limit {most_files} / {most_functions}"
    )
    if with_list:
        for file in path.files:
            names = [function.name for function in path.functions if function.file == file]
            print(f"    {file}\n        {', '.join(names)}")
    return kept


def _line(name: str, measured: str, goal: str) -> None:
    print(f"{name:<28} {measured:<26} (goal {goal})")


def _show_sizes(*, with_list: bool) -> bool:
    sizes = production_files()
    small = [file for file, lines in sizes.items() if lines < SMALL_LINES]
    share, longest = len(small) / len(sizes), max(sizes.values())
    _line(f"files under {SMALL_LINES} lines", f"{share:.1%} ({len(small)} of {len(sizes)})", f"{SMALL_GOAL:.0%}")
    _line("longest file", f"{longest} lines", str(LONGEST_GOAL))
    if with_list:
        for file in sorted(small, key=lambda file: sizes[file]):
            print(f"    {sizes[file]:>3} {file}")
    return share <= SMALL_GOAL and longest <= LONGEST_GOAL


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="print the files and functions, and the small files")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 above a limit, or when a goal for files is missed"
    )
    parser.add_argument("--sizes", action="store_true", help="print the file sizes only, without running anything")
    options = parser.parse_args()
    goals = [True]
    if not options.sizes:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        recorder = Recorder()
        with profiled(recorder):
            routes = asyncio.run(measure(recorder, foreign=False))
            with mock.patch.object(codec, "remember"):
                foreign = asyncio.run(measure(recorder, foreign=True))
        send, delivery = _usual([send for send, _ in routes]), _usual([delivery for _, delivery in routes])
        goals.append(_show("SendMessage", send, SEND_GOAL, SEND_LIMIT, with_list=options.list))
        goals.append(_show("one event, bus to stream", delivery, DELIVERY_GOAL, DELIVERY_LIMIT, with_list=options.list))
        from_another = _usual([delivery for _, delivery in foreign])
        goals.append(
            _show("one from another process", from_another, DELIVERY_GOAL, DELIVERY_LIMIT, with_list=options.list)
        )
    goals.append(_show_sizes(with_list=options.list))
    return 1 if options.strict and not all(goals) else 0


if __name__ == "__main__":
    sys.exit(main())
