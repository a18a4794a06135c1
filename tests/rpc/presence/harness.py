"""Nodes of the presence service over shared adapters, and devices that connect to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import grpc
from chatly.presence.v1 import presence_service_pb2 as pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.bus.memory import MemoryBus
from kernel.ids import UserId
from services.presence.adapters.bus import BusEventPublisher, open_bus_event_feed
from services.presence.settings import PresenceSettings
from services.presence.wiring import build_presence
from tests.fakes import FakeClock, Mesh, Served, running
from tests.unit.presence.harness import FakeContacts, FakeProfiles, WatchedLeases

SETTINGS = PresenceSettings(renew_seconds=0.01, sweep_seconds=0.01, flush_seconds=0.01)
"""Leases last 10 s of the fake clock; the loops run every 10 ms."""


class Device:
    """A client that keeps the state with the highest version per user."""

    def __init__(self, call: "grpc.aio.UnaryStreamCall[pb.ConnectRequest, pb.ConnectResponse]") -> None:
        self.call = call
        self.answers: list[pb.ConnectResponse] = []
        self.states: dict[str, pb.Presence] = {}

    async def next(self) -> pb.ConnectResponse:
        """Read the next response. Raise EOFError at the end of the stream."""
        async with asyncio.timeout(10):
            answer = await self.call.read()
        if answer is grpc.aio.EOF:
            raise EOFError
        assert isinstance(answer, pb.ConnectResponse)
        self._add(answer)
        return answer

    async def until(self, condition: Callable[["Device"], bool]) -> None:
        """Read until the condition holds."""
        while not condition(self):
            await self.next()

    async def until_online(self, user_id: str) -> None:
        await self.until(lambda device: device.sees(user_id) == pb.AVAILABILITY_ONLINE)

    async def until_offline(self, user_id: str) -> None:
        await self.until(lambda device: device.sees(user_id) == pb.AVAILABILITY_OFFLINE)

    async def until_end(self) -> None:
        """Read to the end of the stream."""
        try:
            while True:
                await self.next()
        except EOFError:
            return

    def sees(self, user_id: str) -> "pb.Availability.ValueType | None":
        return self.states[user_id].availability if user_id in self.states else None

    def has_heard(self, user_id: str, availability: "pb.Availability.ValueType") -> bool:
        """Return whether any response contained this state."""
        states = (presence for answer in self.answers for presence in answer.presences)
        return any(presence.user_id == user_id and presence.availability == availability for presence in states)

    def _add(self, answer: pb.ConnectResponse) -> None:
        self.answers.append(answer)
        if answer.snapshot:
            self.states.clear()
        for presence in answer.presences:
            known = self.states.get(presence.user_id)
            if known is None or known.version < presence.version:
                self.states[presence.user_id] = presence


@dataclass(frozen=True)
class Node:
    """One server of the presence service."""

    served: Served

    @property
    def stub(self) -> PresenceServiceStub:
        return PresenceServiceStub(self.served.channel)

    def another_channel(self) -> grpc.aio.Channel:
        """Open a channel that outlives the server."""
        return grpc.aio.insecure_channel(self.served.server.address)

    async def connect(self, user_id: str, device_id: str = "", *, over: grpc.aio.Channel | None = None) -> Device:
        """Connect a device and read its first snapshot."""
        stub = PresenceServiceStub(over or self.served.channel)
        device = Device(stub.Connect(pb.ConnectRequest(device_id=device_id), metadata=self.served.as_user(user_id)))
        assert (await device.next()).snapshot
        return device

    async def get(self, *user_ids: str, caller: str) -> list[pb.Presence]:
        request = pb.GetPresenceRequest(user_ids=user_ids)
        return list((await self.stub.GetPresence(request, metadata=self.served.as_user(caller))).presences)

    async def set_status(self, caller: str, status: pb.CustomStatus | None) -> pb.Presence:
        request = pb.SetStatusRequest(status=status)
        return (await self.stub.SetStatus(request, metadata=self.served.as_user(caller))).presence


@dataclass
class Cluster:
    """Adapters shared by all nodes."""

    clock: FakeClock = field(default_factory=FakeClock)
    bus: MemoryBus = field(default_factory=MemoryBus)
    profiles: FakeProfiles = field(default_factory=FakeProfiles)
    contacts: FakeContacts = field(default_factory=FakeContacts)
    settings: PresenceSettings = SETTINGS

    def __post_init__(self) -> None:
        self.leases = WatchedLeases(clock=self.clock)
        self.mesh = Mesh(clock=self.clock)

    def friends(self, one: UserId, other: UserId) -> None:
        self.contacts.pairs.add((one, other))

    @asynccontextmanager
    async def node(self, *, loops: bool = True) -> AsyncIterator[Node]:
        """Run a node. Without loops it only holds its streams open, like a hanging process."""
        async with AsyncExitStack() as stack:
            service = build_presence(
                self.settings,
                clock=self.clock,
                leases=self.leases,
                online=self.leases,
                profiles=self.profiles,
                contacts=self.contacts,
                events=BusEventPublisher(bus=self.bus),
                feed=await stack.enter_async_context(open_bus_event_feed(self.bus)),
            )
            yield Node(await stack.enter_async_context(running(service, mesh=self.mesh, loops=loops)))
