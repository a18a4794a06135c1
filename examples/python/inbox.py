"""A subscription that resumes from its cursor whenever it is cut, and drops repeats."""

import asyncio
from collections.abc import Callable

import grpc
from chatly.messaging.v1 import live_pb2 as live
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from client import Client, open_channel

# As many events as one replay may have: an older one cannot be repeated.
REMEMBERED = 10_000
# A slower reader pauses the stream.
WAITING = 1_000
WAIT_SECONDS = 60.0
# Errors that a retry cannot fix.
FINAL = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED}


class Inbox:
    """The events of a user's chats, each stored event once, on their own connection."""

    def __init__(self, edge: str, client: Client) -> None:
        self._edge = edge
        self._client = client
        self._cursor = ""
        self._seen: dict[str, None] = {}
        self._waiting: asyncio.Queue[live.LiveEvent | Exception] = asyncio.Queue(WAITING)
        self._task: asyncio.Task[None] | None = None

    def connect(self) -> None:
        """Subscribe: from now on the first time, from the cursor later. `caught_up` arrives when nothing is missing."""
        self._task = asyncio.create_task(self._stay_subscribed())

    async def disconnect(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def until(self, wanted: Callable[[live.LiveEvent], bool]) -> list[live.LiveEvent]:
        """Return the next events, up to and including the first that matches. Raise like `next`."""
        events = [await self.next()]
        while not wanted(events[-1]):
            events.append(await self.next())
        return events

    async def next(self) -> live.LiveEvent:
        """Return the next event. Raise TimeoutError, or the error that ended the subscription."""
        async with asyncio.timeout(WAIT_SECONDS):
            event = await self._waiting.get()
        if isinstance(event, Exception):
            raise event
        return event

    async def _stay_subscribed(self) -> None:
        try:
            await self._subscribe_again_and_again()
        except grpc.aio.AioRpcError as error:
            await self._waiting.put(error)

    async def _subscribe_again_and_again(self) -> None:
        delay, token, refused = 0.1, "", False
        while True:
            cursor = self._cursor
            try:
                if refused:
                    await self._client.refresh(token)
                token, refused = self._client.token, False
                await self._subscribe()
            except grpc.aio.AioRpcError as error:
                unauthenticated = error.code() is grpc.StatusCode.UNAUTHENTICATED
                if error.code() in FINAL or (refused and unauthenticated):
                    raise
                refused = unauthenticated
            delay = 0.1 if self._cursor != cursor else min(delay * 2, 5.0)
            await asyncio.sleep(delay)

    async def _subscribe(self) -> None:
        async with open_channel(self._edge) as channel:
            stub = MessagingServiceStub(channel)
            request = messaging.SubscribeRequest(cursor=self._cursor)
            async for response in stub.Subscribe(request, metadata=self._client.metadata()):
                for event in response.events:
                    await self._take(event)
                # Store the cursor last: it covers all events before it.
                self._cursor = response.cursor or self._cursor

    async def _take(self, event: live.LiveEvent) -> None:
        if event.HasField("reconnect"):
            await asyncio.sleep(event.reconnect.delay_ms / 1000)
        elif not event.event_id:
            await self._waiting.put(event)
        elif event.event_id not in self._seen:
            await self._waiting.put(event)
            self._seen[event.event_id] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
