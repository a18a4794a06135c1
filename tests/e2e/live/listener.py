"""A subscription that a test reads step by step."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from chatly.messaging.v1 import live_pb2 as live
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.people import Person

_SECONDS = 15.0


class Listener:
    """Reads one person's events, and keeps the newest cursor."""

    def __init__(self, call: Any) -> None:  # noqa: ANN401 - grpc.aio's calls have no usable type
        self._responses = aiter(call)
        self._waiting: deque[live.LiveEvent] = deque()
        self.cursor = ""

    async def next(self, *kinds: str) -> live.LiveEvent:
        """Return the next event of one of these kinds and skip others; raise the error with which the stream ends."""
        async with asyncio.timeout(_SECONDS):
            while True:
                event = await self._event()
                if event.WhichOneof("event") in kinds:
                    return event

    async def until_caught_up(self) -> list[live.LiveEvent]:
        """Return the missed events, in order."""
        missed: list[live.LiveEvent] = []
        async with asyncio.timeout(_SECONDS):
            while (event := await self._event()).WhichOneof("event") != "caught_up":
                missed.append(event)
        assert event.caught_up.replayed_count == len(missed)
        return missed

    async def _event(self) -> live.LiveEvent:
        while not self._waiting:
            response = await anext(self._responses)
            self._waiting.extend(response.events)
            self.cursor = response.cursor or self.cursor
        return self._waiting.popleft()


@asynccontextmanager
async def listening(channel: grpc.aio.Channel, person: Person, cursor: str = "") -> AsyncIterator[Listener]:
    """Subscribe through this channel until the block ends."""
    request = messaging.SubscribeRequest(cursor=cursor)
    call = MessagingServiceStub(channel).Subscribe(request, metadata=person.metadata)
    try:
        yield Listener(call)
    finally:
        call.cancel()
