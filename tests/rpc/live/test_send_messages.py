"""SendMessages over gRPC."""

from collections.abc import Sequence

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb

from kernel.errors import KernelReason, unavailable
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.rpc.messaging.harness import ANN, BOB, CID, EVE, Harness, between


def a_send(**fields: object) -> pb.SendMessageRequest:
    return pb.SendMessageRequest(**{"client_message_id": an_id(), "text": "hello", **fields})  # type: ignore[arg-type]


async def answers_to(harness: Harness, *sends: pb.SendMessageRequest) -> Sequence[pb.SendMessagesResponse]:
    requests = [pb.SendMessagesRequest(send=send) for send in sends]
    return [answer async for answer in harness.stub.SendMessages(iter(requests), metadata=harness.by(ANN))]


async def test_five_hundred_sends_are_answered_and_stored_in_order(harness: Harness) -> None:
    sends = [a_send(user_id=(BOB, CID)[number % 2], text=str(number)) for number in range(500)]

    answers = await answers_to(harness, *sends)

    assert [answer.client_message_id for answer in answers] == [send.client_message_id for send in sends]
    assert [answer.message.text for answer in answers] == [str(number) for number in range(500)]
    page = await harness.list(BOB, user_id=ANN, page_size=200)
    assert [message.text for message in page.messages] == [str(number) for number in range(100, 500, 2)]


async def test_an_invalid_send_is_answered_with_its_error_and_the_others_succeed(harness: Harness) -> None:
    sends = [
        a_send(user_id=BOB),
        a_send(user_id=BOB, text="x" * 4_001),
        a_send(user_id=an_id()),
        a_send(user_id=BOB, client_message_id="no UUID"),
        a_send(chat_id=between(BOB, EVE)),
        a_send(user_id=BOB),
    ]

    answers = await answers_to(harness, *sends)

    invalid, missing, denied = (
        code.value[0]
        for code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED)
    )
    assert [(answer.error.code, answer.error.reason) for answer in answers] == [
        (0, ""),
        (invalid, KernelReason.INVALID_FIELD),
        (missing, MessagingReason.USER_NOT_FOUND),
        (invalid, KernelReason.INVALID_FIELD),
        (denied, MessagingReason.NOT_A_MEMBER),
        (0, ""),
    ]
    assert "send.text" in answers[1].error.message
    assert [answer.client_message_id for answer in answers] == [send.client_message_id for send in sends]
    assert [answer.error.retry_after_ms for answer in answers] == [0] * 6


async def test_bytes_that_are_not_a_request_are_answered_with_an_error(harness: Harness) -> None:
    call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = harness.served.channel.stream_stream(
        "/chatly.messaging.v1.MessagingService/SendMessages"
    )
    good = pb.SendMessagesRequest(send=a_send(user_id=BOB)).SerializeToString()

    answers = [
        pb.SendMessagesResponse.FromString(data)
        async for data in call(iter([b"\xff\xff\xff", good]), metadata=harness.by(ANN))
    ]

    assert answers[0].error.reason == KernelReason.MALFORMED_REQUEST
    assert answers[1].HasField("message")


async def test_a_repeated_send_on_the_stream_returns_the_same_message(harness: Harness) -> None:
    send = a_send(user_id=BOB)

    first, second = await answers_to(harness, send, send)

    assert first == second


async def test_a_retryable_error_carries_a_retry_delay(harness: Harness) -> None:
    harness.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unreachable", retry_after=1.5)

    (answer,) = await answers_to(harness, a_send(user_id=BOB))

    assert (answer.error.reason, answer.error.retry_after_ms) == (KernelReason.LOG_UNAVAILABLE, 1_500)
