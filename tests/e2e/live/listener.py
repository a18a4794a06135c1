"""A subscription as a test listens to it."""

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
    """Gives the events of one person, and remembers the newest cursor."""

    def __init__(self, call: Any) -> None:  # noqa: ANN401 - grpc.aio's calls have no usable type
        self._answers = aiter(call)
        self._waiting: deque[live.LiveEvent] = deque()
        self.cursor = ""

    async def next(self, *kinds: str) -> live.LiveEvent:
        """The next event of one of these kinds; others are passed over. Raises what the stream ends with."""
        async with asyncio.timeout(_SECONDS):
            while True:
                event = await self._event()
                if event.WhichOneof("event") in kinds:
                    return event

    async def until_caught_up(self) -> list[live.LiveEvent]:
        """What was missed, in order."""
        missed: list[live.LiveEvent] = []
        async with asyncio.timeout(_SECONDS):
            while (event := await self._event()).WhichOneof("event") != "caught_up":
                missed.append(event)
        assert event.caught_up.replayed_count == len(missed)
        return missed

    async def _event(self) -> live.LiveEvent:
        while not self._waiting:
            answer = await anext(self._answers)
            self._waiting.extend(answer.events)
            self.cursor = answer.cursor or self.cursor
        return self._waiting.popleft()


@asynccontextmanager
async def listening(channel: grpc.aio.Channel, person: Person, cursor: str = "") -> AsyncIterator[Listener]:
    """Subscribed through this channel, until the block ends."""
    request = messaging.SubscribeRequest(cursor=cursor)
    call = MessagingServiceStub(channel).Subscribe(request, metadata=person.metadata)
    try:
        yield Listener(call)
    finally:
        call.cancel()
