"""Subscribe over gRPC."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.live_pb2 import LiveEvent
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from kernel.errors import KernelReason
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.rpc.messaging.harness import ANN, BOB, EVE, Harness, between, open_harness, refused

DEADLINE = 15.0
Call = grpc.aio.UnaryStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]


class Watch:
    """An open subscription that the test reads step by step."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.events: list[LiveEvent] = []
        self.cursor = ""

    async def until(self, condition: Callable[[LiveEvent], bool]) -> LiveEvent:
        """Read up to the next event that meets the condition, and return it."""
        async with asyncio.timeout(DEADLINE):
            while True:
                response = await self.call.read()
                assert isinstance(response, pb.SubscribeResponse), "the stream has ended"
                self.events.extend(response.events)
                self.cursor = response.cursor or self.cursor
                for event in response.events:
                    if condition(event):
                        return event

    async def text(self, text: str) -> LiveEvent:
        return await self.until(lambda event: event.message_created.text == text)

    @property
    def kinds(self) -> list[str]:
        return [str(event.WhichOneof("event")) for event in self.events]


@asynccontextmanager
async def watching(harness: Harness, user: str, cursor: str = "") -> AsyncIterator[Watch]:
    """Open a subscription and wait until it is caught up."""
    async with reading(harness.stub.Subscribe(pb.SubscribeRequest(cursor=cursor), metadata=harness.by(user))) as watch:
        yield watch


@asynccontextmanager
async def reading(call: Call) -> AsyncIterator[Watch]:
    watch = Watch(call)
    try:
        await watch.until(lambda event: event.HasField("caught_up"))
        yield watch
    finally:
        call.cancel()


async def test_a_message_is_delivered_as_its_sender_received_it(harness: Harness) -> None:
    async with watching(harness, BOB) as watch:
        sent = await harness.send(ANN, user_id=BOB, text="live")
        event = await watch.text("live")

    assert event.message_created == sent
    assert (event.chat_id, event.actor_id) == (between(ANN, BOB), ANN)
    assert event.event_id == sent.message_id
    assert event.HasField("occurred_at")


async def test_events_between_two_streams_are_replayed(harness: Harness) -> None:
    async with watching(harness, BOB) as watch:
        pass
    sent = [await harness.send(ANN, user_id=BOB, text=str(number)) for number in range(5)]
    async with watching(harness, BOB, watch.cursor) as resumed:
        await harness.send(ANN, user_id=BOB, text="live")
        await resumed.text("live")

    assert resumed.kinds == ["message_created"] * 5 + ["caught_up", "message_created"]
    assert [event.message_created for event in resumed.events[:5]] == sent


async def test_every_kind_of_change_is_delivered(harness: Harness) -> None:
    async with watching(harness, BOB) as watch:
        sent = await harness.send(ANN, user_id=BOB)
        chat = {"chat_id": between(ANN, BOB), "message_id": sent.message_id}
        await harness.stub.SetTyping(pb.SetTypingRequest(chat_id=sent.chat_id, active=True), metadata=harness.by(ANN))
        await harness.stub.EditMessage(pb.EditMessageRequest(**chat, text="edited"), metadata=harness.by(ANN))
        await harness.stub.ToggleReaction(pb.ToggleReactionRequest(**chat, emoji="👍"), metadata=harness.by(BOB))
        await harness.stub.MarkRead(pb.MarkReadRequest(**chat), metadata=harness.by(BOB))
        group = await harness.a_group(ANN, BOB)
        rename = pb.UpdateGroupRequest(chat_id=group.chat_id, title="Renamed")
        await harness.stub.UpdateGroup(rename, metadata=harness.by(ANN))
        everyone = pb.DeleteMessageRequest(**chat, scope=pb.DELETE_SCOPE_FOR_EVERYONE)
        await harness.stub.DeleteMessage(everyone, metadata=harness.by(ANN))
        leave = pb.RemoveMemberRequest(chat_id=group.chat_id, user_id=BOB)
        await harness.stub.RemoveMember(leave, metadata=harness.by(ANN))
        await watch.until(lambda event: event.HasField("member_changed"))

    assert sorted(watch.kinds) == sorted(
        [
            "caught_up",
            "message_created",
            "typing",
            "message_edited",
            "reaction_changed",
            "read_mark_moved",
            "chat_added",
            "chat_updated",
            "message_deleted",
            "member_changed",
        ]
    )


async def test_strangers_receive_nothing(harness: Harness) -> None:
    async with watching(harness, EVE) as stranger:
        await harness.send(ANN, user_id=BOB, text="secret")
        await harness.send(EVE, user_id=ANN, text="own")
        await stranger.text("own")

    assert stranger.kinds == ["caught_up", "message_created"]


async def test_an_invalid_cursor_is_rejected(harness: Harness) -> None:
    with refused(MessagingReason.INVALID_CURSOR, grpc.StatusCode.INVALID_ARGUMENT):
        async with watching(harness, BOB, "AAAA"):
            pass


async def test_a_call_without_a_token_is_rejected(harness: Harness) -> None:
    with refused(KernelReason.TOKEN_MISSING, grpc.StatusCode.UNAUTHENTICATED):
        await harness.stub.Subscribe(pb.SubscribeRequest()).read()


async def test_a_stopping_server_sends_reconnect_and_ends_its_streams_without_an_error(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with open_harness(tmp_path) as harness:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(harness.served.server.address))
            call = MessagingServiceStub(channel).Subscribe(pb.SubscribeRequest(), metadata=harness.by(BOB))
            watch = await stack.enter_async_context(reading(call))
            reconnect = asyncio.create_task(watch.until(lambda event: event.HasField("reconnect")))
        event = await reconnect
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK

    assert 0 <= event.reconnect.delay_ms <= 2_000


async def test_two_hundred_subscribers_of_one_group_all_receive_a_message(harness: Harness) -> None:
    users = [an_id() for _ in range(200)]
    harness.auth.blocks.update({user: set() for user in users})
    group = await harness.a_group(ANN, *users)
    async with AsyncExitStack() as stack:
        watches = [await stack.enter_async_context(watching(harness, user)) for user in users]
        sent = await harness.send(ANN, chat_id=group.chat_id, text="to all")
        events = await asyncio.gather(*(watch.text("to all") for watch in watches))

    assert [event.message_created for event in events] == [sent] * 200


async def test_the_stream_of_a_client_that_stops_reading_fails_and_others_continue(harness: Harness) -> None:
    group = await harness.a_group(ANN, BOB, EVE)
    slow = harness.stub.Subscribe(pb.SubscribeRequest(), metadata=harness.by(BOB))
    await slow.read()
    async with watching(harness, EVE) as quick:
        for number in range(500):
            await harness.send(ANN, chat_id=group.chat_id, text=f"{number:04}" + "🙂" * 3_996)
            await quick.text(f"{number:04}" + "🙂" * 3_996)
    with refused(MessagingReason.SLOW_READER, grpc.StatusCode.RESOURCE_EXHAUSTED):
        while await slow.read() is not grpc.aio.EOF:
            pass
