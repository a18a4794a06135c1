"""Many sends on one stream: answered in the order of arrival, whatever becomes of each."""

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
    """The unary use case: each send waits until the test lets it go on, or fails as its text says."""

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
        if draft.text == "refused":
            raise unavailable(KernelReason.LOG_UNAVAILABLE, "the log is away")
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


def an_ask(text: str, *, chat: str = "one chat", number: int = 1) -> SendRequest:
    name = UUID(int=number)
    return SendRequest(str(name), Draft(chat=ChatRef(chat), client_message_id=name, text=text))


async def stream_of(*asks: SendRequest) -> AsyncIterator[SendRequest]:
    for ask in asks:
        yield ask


async def answers_to(send: Sending, *asks: SendRequest) -> list[SendResult]:
    return [answer async for answer in SendMessages(send=send, rate=UNLIMITED)(stream_of(*asks), sender=ANN)]


def texts(answers: list[SendResult]) -> list[str]:
    return [
        answer.result.reason if isinstance(answer.result, ChatlyError) else answer.result.text for answer in answers
    ]


async def test_each_send_is_answered_under_its_own_name() -> None:
    answers = await answers_to(Sending(), *(an_ask(str(number), number=number) for number in range(3)))

    assert [answer.client_message_id for answer in answers] == [str(UUID(int=number)) for number in range(3)]
    assert texts(answers) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("refused", KernelReason.LOG_UNAVAILABLE), ("broken", KernelReason.INTERNAL)],
    ids=["refused", "broken"],
)
async def test_one_that_fails_is_answered_by_its_error_and_the_stream_goes_on(text: str, reason: Reason) -> None:
    answers = await answers_to(Sending(), an_ask("before"), an_ask(text), an_ask("after"))

    assert texts(answers) == ["before", reason, "after"]


async def test_a_defect_tells_nothing_of_itself() -> None:
    (answer,) = await answers_to(Sending(), an_ask("broken"))

    assert isinstance(answer.result, ChatlyError)
    assert answer.result.code is Code.INTERNAL
    assert "defect" not in answer.result.message


async def test_one_that_breaks_the_rules_is_never_sent() -> None:
    send = Sending()
    answers = await answers_to(send, SendRequest("?", invalid_field("text", "too long")), an_ask("good"))

    assert texts(answers) == [KernelReason.INVALID_FIELD, "good"]
    assert send.begun == ["good"]


async def test_answers_keep_the_order_of_arrival_though_a_later_send_is_done_first() -> None:
    send = Sending()
    send.hold("slow")
    running = asyncio.create_task(answers_to(send, an_ask("slow", chat="a"), an_ask("quick", chat="b")))
    await eventually(lambda: send.done == ["quick"])
    send.gates["slow"].set()

    assert texts(await running) == ["slow", "quick"]


async def test_sends_to_one_chat_are_made_one_after_the_other() -> None:
    send = Sending()
    send.hold("first")
    running = asyncio.create_task(answers_to(send, an_ask("first"), an_ask("second"), an_ask("other", chat="b")))
    await eventually(lambda: send.done == ["other"])
    assert send.begun == ["first", "other"]

    send.gates["first"].set()
    await running
    assert send.done == ["other", "first", "second"]


async def test_no_more_are_read_while_too_many_wait_for_their_answer() -> None:
    read: list[int] = []
    send = Sending()
    send.hold("0")

    async def asks() -> AsyncIterator[SendRequest]:
        for number in range(10):
            read.append(number)
            yield an_ask(str(number), chat=str(number))

    async def collect() -> list[SendResult]:
        return [
            answer async for answer in SendMessages(send=send, rate=UNLIMITED, max_unanswered=4)(asks(), sender=ANN)
        ]

    running = asyncio.create_task(collect())
    await eventually(lambda: send.done == ["1", "2", "3"])
    assert read == [0, 1, 2, 3]

    send.gates["0"].set()
    assert texts(await running) == [str(number) for number in range(10)]


async def test_who_is_too_fast_waits_and_is_not_refused() -> None:
    rate = SendRate(clock=SystemClock(), per_second=50)
    asks = [an_ask(str(number), chat=str(number)) for number in range(60)]
    began = time.monotonic()

    answers = [answer async for answer in SendMessages(send=Sending(), rate=rate)(stream_of(*asks), sender=ANN)]

    assert texts(answers) == [str(number) for number in range(60)]
    # All but the fifty of the first second.
    assert time.monotonic() - began >= 10 / 50


async def test_a_stream_that_is_given_up_leaves_nothing_running() -> None:
    send = Sending()
    send.hold("held")
    async with aclosing(
        SendMessages(send=send, rate=UNLIMITED)(stream_of(an_ask("good"), an_ask("held")), sender=ANN)
    ) as answers:
        await anext(answers)
        await eventually(lambda: "held" in send.begun)

    assert send.cancelled == ["held"]


async def test_what_ends_the_requests_ends_the_stream() -> None:
    async def asks() -> AsyncIterator[SendRequest]:
        yield an_ask("good")
        raise ConnectionError("gone")

    answers = SendMessages(send=Sending(), rate=UNLIMITED)(asks(), sender=ANN)

    assert texts([await anext(answers)]) == ["good"]
    with pytest.raises(ConnectionError):
        await anext(answers)
