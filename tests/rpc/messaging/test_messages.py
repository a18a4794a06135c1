"""Messages over gRPC, field by field."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from uuid import uuid1

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb

from kernel.errors import KernelReason, unavailable
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.fakes import MemoryLog
from tests.rpc.messaging.harness import ANN, BOB, CID, EVE, Harness, between, open_harness, refused

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


async def test_a_message_contains_every_field_that_clients_need(harness: Harness) -> None:
    media = harness.media.add(ANN, width=3, height=2, has_thumbnail=True)
    first = await harness.send(BOB, user_id=ANN)
    name = an_id()

    sent = await harness.send(
        ANN,
        user_id=BOB,
        text="שלום 👩‍👩‍👧",
        client_message_id=name,
        reply_to_message_id=first.message_id,
        media_ids=[media],
    )

    (attachment,) = sent.attachments
    assert (sent.chat_id, sent.sender_id, sent.receiver_id) == (between(ANN, BOB), ANN, BOB)
    assert (sent.text, sent.client_message_id, sent.reply_to_message_id) == ("שלום 👩‍👩‍👧", name, first.message_id)
    assert (attachment.media_id, attachment.content_type, attachment.size_bytes) == (media, "image/png", 67)
    assert (attachment.width, attachment.height, attachment.has_thumbnail) == (3, 2, True)
    assert attachment.url == f"/api/uploads/{media}"
    assert sent.HasField("created_at")
    assert not sent.HasField("edited_at")
    assert list((await harness.list(BOB, user_id=ANN)).messages) == [first, sent]


async def test_a_chat_can_be_named_by_its_id_or_by_its_other_user(harness: Harness) -> None:
    by_user = await harness.send(ANN, user_id=BOB)
    by_chat = await harness.send(ANN, chat_id=between(ANN, BOB))

    assert by_user.chat_id == by_chat.chat_id
    assert (await harness.list(ANN, user_id=BOB)) == (await harness.list(ANN, chat_id=between(ANN, BOB)))


async def test_ids_in_upper_case_are_the_same_ids(harness: Harness) -> None:
    name = an_id()
    sent = await harness.send(ANN, user_id=BOB.upper(), client_message_id=name.upper())

    assert (await harness.send(ANN, user_id=BOB, client_message_id=name)).message_id == sent.message_id


async def test_edits_reactions_and_deletions_are_seen_by_the_others(harness: Harness) -> None:
    chat_id = between(ANN, BOB)
    sent = await harness.send(ANN, chat_id=chat_id)
    target = {"chat_id": chat_id, "message_id": sent.message_id}

    edited = await harness.stub.EditMessage(pb.EditMessageRequest(**target, text="hi"), metadata=harness.by(ANN))
    toggled = await harness.stub.ToggleReaction(
        pb.ToggleReactionRequest(**target, emoji="👍"), metadata=harness.by(BOB)
    )
    listed = await harness.stub.ListReactions(pb.ListReactionsRequest(**target), metadata=harness.by(ANN))
    seen = await harness.stub.GetMessage(pb.GetMessageRequest(**target), metadata=harness.by(BOB))

    assert (edited.message.text, edited.message.HasField("edited_at")) == ("hi", True)
    assert (toggled.present, [(one.user_id, one.emoji) for one in toggled.reactions]) == (True, [(BOB, "👍")])
    assert listed.reactions == toggled.reactions == seen.message.reactions
    for scope, deleter in ((pb.DELETE_SCOPE_FOR_ME, BOB), (pb.DELETE_SCOPE_FOR_EVERYONE, ANN)):
        request = pb.DeleteMessageRequest(**target, scope=scope)
        assert (await harness.stub.DeleteMessage(request, metadata=harness.by(deleter))).success
    assert list((await harness.list(BOB, chat_id=chat_id)).messages) == []
    (left,) = (await harness.list(ANN, chat_id=chat_id)).messages
    assert (left.deleted_for_everyone, left.text, list(left.reactions)) == (True, "", [])


async def test_history_can_be_paged_in_both_directions(harness: Harness) -> None:
    sent = [(await harness.send(ANN, user_id=BOB, text=str(number))).message_id for number in range(5)]
    for direction, expected in (
        (pb.LIST_DIRECTION_UNSPECIFIED, [sent[3:], sent[1:3], sent[:1]]),
        (pb.LIST_DIRECTION_FORWARD, [sent[:2], sent[2:4], sent[4:]]),
    ):
        pages: list[list[str]] = []
        token = ""
        while not pages or token:
            page = await harness.list(BOB, user_id=ANN, page_size=2, direction=direction, page_token=token)
            pages.append([message.message_id for message in page.messages])
            token = page.next_page_token
        assert pages == expected


BAD_SENDS: list[dict[str, Any]] = [
    {"text": "x" * 4001},
    {"text": ""},
    {"text": " "},
    {"client_message_id": "not a uuid"},
    {"client_message_id": ""},
    {"user_id": ""},
    {"user_id": "bob"},
    {"chat_id": "../etc/passwd", "user_id": ""},
    {"chat_id": between(ANN, BOB)},
    {"chat_id": f"{BOB}_{ANN}", "user_id": ""},
    {"reply_to_message_id": "x"},
    {"reply_to_message_id": an_id()},
    {"media_ids": ["x"]},
    {"media_ids": [an_id() for _ in range(11)]},
]


async def test_an_invalid_send_is_refused_with_its_field(harness: Harness) -> None:
    for wrong in BAD_SENDS:
        with refused(KernelReason.INVALID_FIELD, INVALID):
            await harness.send(ANN, **{"user_id": BOB, **wrong})
    assert harness.log.records() == []


async def test_a_message_of_four_thousand_characters_is_sent(harness: Harness) -> None:
    assert len((await harness.send(ANN, user_id=BOB, text="🙂" * 4000)).text) == 4000


async def test_other_invalid_requests_are_refused_with_their_fields(harness: Harness) -> None:
    sent = await harness.send(ANN, user_id=BOB)
    target: dict[str, Any] = {"user_id": ANN, "message_id": sent.message_id}
    never: dict[str, Any] = {"user_id": ANN, "message_id": an_id()}
    by = harness.by(BOB)
    calls: list[Awaitable[object]] = [
        harness.stub.EditMessage(pb.EditMessageRequest(**target), metadata=by),
        harness.stub.EditMessage(pb.EditMessageRequest(**never, text="x"), metadata=by),
        harness.stub.DeleteMessage(pb.DeleteMessageRequest(**target), metadata=by),
        harness.stub.ToggleReaction(pb.ToggleReactionRequest(**target, emoji="no"), metadata=by),
        harness.stub.ToggleReaction(pb.ToggleReactionRequest(**target, emoji="🙂" * 17), metadata=by),
        harness.list(BOB, user_id=ANN, page_size=201),
        harness.list(BOB, user_id=ANN, page_size=-1),
        harness.list(BOB, user_id=ANN, start_message_id=an_id()),
        harness.list(BOB),
    ]
    for call in calls:
        with refused(KernelReason.INVALID_FIELD, INVALID):
            await call
    with refused(KernelReason.INVALID_PAGE_TOKEN, INVALID):
        await harness.list(BOB, user_id=ANN, page_token="AAAA")


async def test_unknown_messages_users_and_files_are_not_found(harness: Harness) -> None:
    unknown = str(uuid1())
    request = pb.GetMessageRequest(chat_id=between(ANN, BOB), message_id=unknown)
    with refused(MessagingReason.MESSAGE_NOT_FOUND, NOT_FOUND):
        await harness.stub.GetMessage(request, metadata=harness.by(ANN))
    with refused(MessagingReason.MESSAGE_NOT_FOUND, NOT_FOUND):
        await harness.send(ANN, user_id=BOB, reply_to_message_id=unknown)
    with refused(MessagingReason.USER_NOT_FOUND, NOT_FOUND):
        await harness.send(ANN, user_id=an_id())
    with refused(MediaReason.MEDIA_NOT_FOUND, NOT_FOUND):
        await harness.send(ANN, user_id=BOB, media_ids=[an_id()])


async def test_files_of_others_are_refused_with_the_error_of_media(harness: Harness) -> None:
    with refused(MessagingReason.MEDIA_FORBIDDEN, grpc.StatusCode.PERMISSION_DENIED):
        await harness.send(ANN, user_id=BOB, media_ids=[harness.media.add(BOB)])


async def test_a_block_in_either_direction_stops_sends_edits_and_reactions(harness: Harness) -> None:
    sent = await harness.send(ANN, user_id=BOB)
    target = {"user_id": BOB, "message_id": sent.message_id}
    harness.auth.blocks[BOB].add(ANN)

    calls: list[Awaitable[object]] = [
        harness.send(ANN, user_id=BOB),
        harness.send(BOB, user_id=ANN),
        harness.stub.EditMessage(pb.EditMessageRequest(**target, text="x"), metadata=harness.by(ANN)),
        harness.stub.ToggleReaction(pb.ToggleReactionRequest(**target, emoji="👍"), metadata=harness.by(ANN)),
    ]
    for call in calls:
        with refused(MessagingReason.BLOCKED, grpc.StatusCode.PERMISSION_DENIED):
            await call


async def test_messages_are_found_by_words_page_by_page(harness: Harness) -> None:
    for text in ("tea at one", "milk", "tea at two"):
        await harness.send(ANN, user_id=BOB, text=text)
    search = pb.SearchMessagesRequest(query="TEA", page_size=1)

    first = await harness.stub.SearchMessages(search, metadata=harness.by(BOB))
    search.page_token = first.next_page_token
    second = await harness.stub.SearchMessages(search, metadata=harness.by(BOB))

    assert [message.text for page in (first, second) for message in page.messages] == ["tea at two", "tea at one"]


async def test_sends_fail_with_a_retry_delay_while_the_log_is_unavailable(harness: Harness) -> None:
    await harness.send(ANN, user_id=BOB)
    harness.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "unreachable")

    with refused(KernelReason.LOG_UNAVAILABLE, grpc.StatusCode.UNAVAILABLE):
        await harness.send(ANN, user_id=BOB)
    assert len((await harness.list(BOB, user_id=ANN)).messages) == 1


async def test_sends_to_uncached_users_fail_while_auth_is_unavailable(tmp_path: Path) -> None:
    async with open_harness(tmp_path, reachable=()) as harness:
        with refused(KernelReason.SERVICE_UNAVAILABLE, grpc.StatusCode.UNAVAILABLE):
            await harness.send(ANN, user_id=BOB)


async def test_an_acknowledged_message_survives_a_restart_and_is_not_sent_twice(tmp_path: Path) -> None:
    log, name = MemoryLog(), an_id()
    async with open_harness(tmp_path, log=log) as harness:
        sent = await harness.send(ANN, user_id=BOB, client_message_id=name)
        group = await harness.a_group(ANN, CID)

    async with open_harness(tmp_path, log=log) as harness:
        assert list((await harness.list(BOB, user_id=ANN)).messages) == [sent]
        assert await harness.send(ANN, user_id=BOB, client_message_id=name) == sent
        assert (await harness.send(CID, chat_id=group.chat_id)).chat_id == group.chat_id
        with refused(MessagingReason.NOT_A_MEMBER, grpc.StatusCode.PERMISSION_DENIED):
            await harness.send(EVE, chat_id=group.chat_id)
