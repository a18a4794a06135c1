"""Clients that keep chatting while the mesh fails: senders that retry, subscribers that resume."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.live_pb2 import LiveEvent
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person
from tests.faults.status_codes import UNREACHABLE

_CALL_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


@asynccontextmanager
async def messaging_stub(
    mesh: Mesh, *options: tuple[str, int], target: str = "", ready_within: float = 0
) -> AsyncIterator[MessagingServiceStub]:
    """Yield a channel on its own connection that reconnects soon, through the edge or directly to a target.

    `options` override the options of every channel here. `ready_within`: seconds in which it must connect; 0: it
    connects on first use.
    """
    ours = [
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.min_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 200),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    async with grpc.aio.insecure_channel(target or mesh.edge, [*options, *ours]) as channel:
        if ready_within:
            async with asyncio.timeout(ready_within):
                await channel.channel_ready()
        yield MessagingServiceStub(channel)


@dataclass
class Sender:
    """Sends to its chats in turn at a steady rate, and retries until every message is acknowledged."""

    stub: MessagingServiceStub
    person: Person
    chat_ids: Sequence[str]
    every_seconds: float
    acknowledged: dict[str, Message] = field(default_factory=dict)
    """By client_message_id."""
    retries: int = 0
    filling: str = ""
    """Prefix of every message, to make it long."""
    waits: list[float] = field(default_factory=list)
    """Seconds until each was acknowledged, including all retries."""

    async def run(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            await self._send(self.chat_ids[number % len(self.chat_ids)], f"{self.person.username} {number}")
            number += 1
            await asyncio.sleep(self.every_seconds)

    async def _send(self, chat_id: str, text: str) -> None:
        request = messaging.SendMessageRequest(
            chat_id=chat_id, client_message_id=str(uuid4()), text=self.filling + text
        )
        began = time.monotonic()
        while True:
            try:
                answer = await self.stub.SendMessage(request, metadata=self.person.metadata, timeout=_CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNREACHABLE:
                    raise
                self.retries += 1
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self.acknowledged[request.client_message_id] = answer.message
                self.waits.append(time.monotonic() - began)
                return


@dataclass
class Subscriber:
    """Resubscribes with its newest cursor whenever the stream ends, and drops repeats by event_id."""

    stub: MessagingServiceStub
    person: Person
    cursor: str = ""
    events: dict[str, LiveEvent] = field(default_factory=dict)
    """By event_id, in the order of arrival."""
    resumes: int = 0
    ends: list[str] = field(default_factory=list)
    """Errors that ended streams."""
    resyncs: int = 0
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    message_ids: set[str] = field(default_factory=set)
    """Texts of the messages among the events."""

    def has_heard(self, message_ids: set[str]) -> bool:
        return self.message_ids >= message_ids

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNREACHABLE:
                    raise
                self.ends.append(f"{error.code().name}: {error.details()}")
            self.resumes += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        request = messaging.SubscribeRequest(cursor=self.cursor)
        async for response in self.stub.Subscribe(request, metadata=self.person.metadata):
            self.take_all(response)

    def take_all(self, response: messaging.SubscribeResponse) -> None:
        for event in response.events:
            self.take(event)
        # Stored after its events: the cursor means that they were handled.
        self.cursor = response.cursor or self.cursor

    def take(self, event: LiveEvent) -> None:
        if event.event_id:
            self.events.setdefault(event.event_id, event)
            if event.HasField("message_created"):
                self.message_ids.add(event.message_created.message_id)
        elif event.HasField("caught_up"):
            self.caught_up.set()
        elif event.HasField("resync"):
            self.resyncs += 1
