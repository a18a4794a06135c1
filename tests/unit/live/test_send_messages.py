"""Many sends on one stream, each answered in the order of arrival."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID, uuid1

import pytest

from history.chat_id import ChatId
from history.model import Message
from kernel.errors import ChatlyError, Code, KernelReason, Reason, invalid_field, unavailable
from kernel.ids import UserId
from kernel.time import SystemClock
from services.messaging.live.send_messages import SendMessages, SendRate, SendRequest, SendResult
from services.messaging.model import ChatRef, Draft
from tests.unit.live.builders import a_user
from tests.waiting import eventually

ANN = a_user()
UNLIMITED = SendRate(clock=SystemClock(), per_second=0)


class Sending:
    """The unary use case. A send waits while the test holds its text, or fails as its text says."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.cancelled: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def hold(self, text: str) -> None:
        self.gates[text] = asyncio.Event()

    async def __call__(self, draft: Draft, *, sender: UserId) -> Message:
        self.begun.append(draft.text)
        try:
            if draft.text in self.gates:
                await self.gates[draft.text].wait()
        except asyncio.CancelledError:
            self.cancelled.append(draft.text)
            raise
        if draft.text == "rejected":
            raise unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unreachable")
        if draft.text == "broken":
            raise RuntimeError("a defect")
        self.done.append(draft.text)
        return a_message(draft, sender)


def a_message(draft: Draft, sender: UserId) -> Message:
    return Message(
        message_id=uuid1(),
        chat_id=ChatId(draft.chat.chat_id),
        sender_id=sender,
        client_message_id=draft.client_message_id,
        text=draft.text,
        reply_to=None,
        attachments=(),
        reactions=(),
        seq=0,
        created_at=datetime.now(UTC),
        edited_at=None,
        deleted_for_everyone=False,
    )


def a_request(text: str, *, chat: str = "one chat", number: int = 1) -> SendRequest:
    name = UUID(int=number)
    return SendRequest(str(name), Draft(chat=ChatRef(chat), client_message_id=name, text=text))


async def stream_of(*requests: SendRequest) -> AsyncIterator[SendRequest]:
    for request in requests:
        yield request


async def results_of(send: Sending, *requests: SendRequest) -> list[SendResult]:
    return [result async for result in SendMessages(send=send, rate=UNLIMITED)(stream_of(*requests), sender=ANN)]


def texts(results: list[SendResult]) -> list[str]:
    return [
        result.outcome.reason if isinstance(result.outcome, ChatlyError) else result.outcome.text for result in results
    ]


async def test_each_result_has_the_client_message_id_of_its_send() -> None:
    results = await results_of(Sending(), *(a_request(str(number), number=number) for number in range(3)))

    assert [result.client_message_id for result in results] == [str(UUID(int=number)) for number in range(3)]
    assert texts(results) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("rejected", KernelReason.LOG_UNAVAILABLE), ("broken", KernelReason.INTERNAL)],
    ids=["rejected", "broken"],
)
async def test_a_failed_send_is_answered_with_its_error_and_the_stream_continues(text: str, reason: Reason) -> None:
    results = await results_of(Sending(), a_request("before"), a_request(text), a_request("after"))

    assert texts(results) == ["before", reason, "after"]


async def test_an_internal_error_reveals_no_details() -> None:
    (result,) = await results_of(Sending(), a_request("broken"))

    assert isinstance(result.outcome, ChatlyError)
    assert result.outcome.code is Code.INTERNAL
    assert "defect" not in result.outcome.message


async def test_an_invalid_request_is_not_sent() -> None:
    send = Sending()
    results = await results_of(send, SendRequest("?", invalid_field("text", "too long")), a_request("good"))

    assert texts(results) == [KernelReason.INVALID_FIELD, "good"]
    assert send.begun == ["good"]


async def test_results_keep_the_order_of_arrival_although_a_later_send_finishes_first() -> None:
    send = Sending()
    send.hold("slow")
    running = asyncio.create_task(results_of(send, a_request("slow", chat="a"), a_request("quick", chat="b")))
    await eventually(lambda: send.done == ["quick"])
    send.gates["slow"].set()

    assert texts(await running) == ["slow", "quick"]


async def test_sends_to_one_chat_run_one_after_the_other() -> None:
    send = Sending()
    send.hold("first")
    running = asyncio.create_task(
        results_of(send, a_request("first"), a_request("second"), a_request("other", chat="b"))
    )
    await eventually(lambda: send.done == ["other"])
    assert send.begun == ["first", "other"]

    send.gates["first"].set()
    await running
    assert send.done == ["other", "first", "second"]


async def test_a_chat_named_by_id_and_by_its_other_user_is_one_chat() -> None:
    bob = a_user()
    first = a_request("first", chat=ChatId.direct(ANN, bob))
    second = SendRequest("2", Draft(chat=ChatRef(user_id=bob), client_message_id=UUID(int=2), text="second"))
    send = Sending()
    send.hold("first")
    running = asyncio.create_task(results_of(send, first, second, a_request("other", chat="b")))
    await eventually(lambda: send.done == ["other"])
    assert send.begun == ["first", "other"]

    send.gates["first"].set()
    await running
    assert send.done == ["other", "first", "second"]


async def test_no_request_is_read_while_too_many_are_unanswered() -> None:
    read: list[int] = []
    send = Sending()
    send.hold("0")

    async def requests() -> AsyncIterator[SendRequest]:
        for number in range(10):
            read.append(number)
            yield a_request(str(number), chat=str(number))

    async def collect() -> list[SendResult]:
        return [
            result async for result in SendMessages(send=send, rate=UNLIMITED, max_unanswered=4)(requests(), sender=ANN)
        ]

    running = asyncio.create_task(collect())
    await eventually(lambda: send.done == ["1", "2", "3"])
    assert read == [0, 1, 2, 3]

    send.gates["0"].set()
    assert texts(await running) == [str(number) for number in range(10)]


async def test_sends_above_the_rate_are_delayed_and_not_rejected() -> None:
    rate = SendRate(clock=SystemClock(), per_second=50)
    requests = [a_request(str(number), chat=str(number)) for number in range(60)]
    began = time.monotonic()

    results = [result async for result in SendMessages(send=Sending(), rate=rate)(stream_of(*requests), sender=ANN)]

    assert texts(results) == [str(number) for number in range(60)]
    # The first fifty are not delayed.
    assert time.monotonic() - began >= 10 / 50


async def test_a_cancelled_stream_leaves_nothing_running() -> None:
    send = Sending()
    send.hold("held")
    async with aclosing(
        SendMessages(send=send, rate=UNLIMITED)(stream_of(a_request("good"), a_request("held")), sender=ANN)
    ) as results:
        await anext(results)
        await eventually(lambda: "held" in send.begun)

    assert send.cancelled == ["held"]


async def test_an_error_of_the_requests_ends_the_stream() -> None:
    async def requests() -> AsyncIterator[SendRequest]:
        yield a_request("good")
        raise ConnectionError("gone")

    results = SendMessages(send=Sending(), rate=UNLIMITED)(requests(), sender=ANN)

    assert texts([await anext(results)]) == ["good"]
    with pytest.raises(ConnectionError):
        await anext(results)
