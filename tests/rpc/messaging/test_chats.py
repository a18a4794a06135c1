"""Chats and groups over gRPC."""

from typing import Any

import grpc
import pytest
from chatly.media.v1.media_service_pb2 import MEDIA_PURPOSE_AVATAR
from chatly.messaging.v1 import message_pb2
from chatly.messaging.v1 import messaging_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from kernel.errors import KernelReason
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.rpc.messaging.harness import ANN, BOB, CID, EVE, Harness, between, refused

MEMBER, ADMIN, OWNER = message_pb2.ROLE_MEMBER, message_pb2.ROLE_ADMIN, message_pb2.ROLE_OWNER
INVALID = grpc.StatusCode.INVALID_ARGUMENT
DENIED = grpc.StatusCode.PERMISSION_DENIED
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION


def roles(chat: message_pb2.Chat) -> dict[str, int]:
    return {member.user_id: member.role for member in chat.members}


async def test_the_list_shows_preview_unread_and_read_marks(harness: Harness) -> None:
    sent = [await harness.send(ANN, user_id=BOB, text=str(number)) for number in range(3)]
    mark = pb.MarkReadRequest(chat_id=between(ANN, BOB), message_id=sent[0].message_id)

    marked = await harness.stub.MarkRead(mark, metadata=harness.by(BOB))
    (chat,) = (await harness.stub.ListChats(pb.ListChatsRequest(), metadata=harness.by(BOB))).chats

    assert (marked.read_message_id, marked.unread_count) == (sent[0].message_id, 2)
    assert (chat.chat_id, chat.kind) == (between(ANN, BOB), message_pb2.CHAT_KIND_DIRECT)
    assert (chat.last_message, chat.unread_count) == (sent[2], 2)
    assert {member.user_id: member.read_message_id for member in chat.members} == {
        ANN: sent[2].message_id,
        BOB: sent[0].message_id,
    }
    assert set(roles(chat).values()) == {message_pb2.ROLE_UNSPECIFIED}
    assert chat.HasField("last_activity_at")


async def test_the_list_continues_with_the_page_token(harness: Harness) -> None:
    groups = [(await harness.a_group(ANN)).chat_id for _ in range(3)]
    found: list[str] = []
    token = ""
    while not found or token:
        request = pb.ListChatsRequest(page_size=1, page_token=token)
        page = await harness.stub.ListChats(request, metadata=harness.by(ANN))
        found += [chat.chat_id for chat in page.chats]
        token = page.next_page_token

    assert sorted(found) == sorted(groups)


async def test_a_direct_chat_can_be_read_before_its_first_message(harness: Harness) -> None:
    request = pb.GetChatRequest(chat_id=between(ANN, BOB))

    chat = (await harness.stub.GetChat(request, metadata=harness.by(ANN))).chat

    assert set(roles(chat)) == {ANN, BOB}
    assert not chat.HasField("created_at")
    assert not chat.HasField("last_message")
    assert not chat.HasField("last_activity_at")


async def test_a_group_from_creation_to_departure(harness: Harness) -> None:
    avatar = harness.media.add(ANN, purpose=MEDIA_PURPOSE_AVATAR)
    made = await harness.a_group(ANN, BOB, title="Friends", description="of ours", avatar_media_id=avatar)
    assert (made.kind, made.title, made.description) == (message_pb2.CHAT_KIND_GROUP, "Friends", "of ours")
    assert (made.avatar_media_id, roles(made)) == (avatar, {ANN: OWNER, BOB: MEMBER})

    added = await harness.stub.AddMembers(
        pb.AddMembersRequest(chat_id=made.chat_id, user_ids=[BOB, CID], role=OWNER), metadata=harness.by(ANN)
    )
    assert roles(added.chat) == {ANN: OWNER, BOB: OWNER, CID: OWNER}

    mask = FieldMask(paths=["description", "avatar_media_id"])
    updated = await harness.stub.UpdateGroup(
        pb.UpdateGroupRequest(chat_id=made.chat_id, title="ignored", update_mask=mask), metadata=harness.by(CID)
    )
    assert (updated.chat.title, updated.chat.description, updated.chat.avatar_media_id) == ("Friends", "", "")

    removed = await harness.stub.RemoveMember(
        pb.RemoveMemberRequest(chat_id=made.chat_id, user_id=BOB), metadata=harness.by(ANN)
    )
    assert roles(removed.chat) == {ANN: OWNER, CID: OWNER}
    await harness.stub.LeaveGroup(pb.LeaveGroupRequest(chat_id=made.chat_id), metadata=harness.by(ANN))
    seen = await harness.stub.GetChat(pb.GetChatRequest(chat_id=made.chat_id), metadata=harness.by(CID))
    assert roles(seen.chat) == {CID: OWNER}


async def test_without_a_mask_only_fields_that_are_set_change(harness: Harness) -> None:
    made = await harness.a_group(ANN, description="stays")

    request = pb.UpdateGroupRequest(chat_id=made.chat_id, title="New")
    updated = await harness.stub.UpdateGroup(request, metadata=harness.by(ANN))

    assert (updated.chat.title, updated.chat.description) == ("New", "stays")


BAD_GROUPS: list[dict[str, Any]] = [
    {"title": ""},
    {"title": " "},
    {"title": "x" * 101},
    {"description": "x" * 501},
    {"client_group_id": "x"},
    {"member_ids": ["x"]},
    {"member_ids": [BOB, BOB]},
    {"avatar_media_id": "x"},
]


async def test_an_invalid_group_is_refused_with_its_field(harness: Harness) -> None:
    for wrong in BAD_GROUPS:
        with refused(KernelReason.INVALID_FIELD, INVALID):
            await harness.a_group(ANN, **wrong)
    assert harness.log.records() == []


async def test_invalid_changes_of_a_group_are_refused(harness: Harness) -> None:
    group = (await harness.a_group(ANN, BOB)).chat_id
    ann, bob = harness.by(ANN), harness.by(BOB)
    mask = FieldMask(paths=["owner"])
    with refused(KernelReason.INVALID_FIELD, INVALID):
        await harness.stub.UpdateGroup(pb.UpdateGroupRequest(chat_id=group, update_mask=mask), metadata=ann)
    with refused(KernelReason.INVALID_FIELD, INVALID):
        mask = FieldMask(paths=["title"])
        await harness.stub.UpdateGroup(pb.UpdateGroupRequest(chat_id=group, update_mask=mask), metadata=ann)
    with refused(KernelReason.INVALID_FIELD, INVALID):
        await harness.stub.LeaveGroup(pb.LeaveGroupRequest(chat_id=between(ANN, BOB)), metadata=ann)
    with refused(MessagingReason.ROLE_TOO_LOW, DENIED):
        await harness.stub.AddMembers(pb.AddMembersRequest(chat_id=group, user_ids=[CID]), metadata=bob)
    with refused(MessagingReason.ROLE_TOO_LOW, DENIED):
        await harness.stub.RemoveMember(pb.RemoveMemberRequest(chat_id=group, user_id=ANN), metadata=bob)
    with refused(MessagingReason.LAST_OWNER, PRECONDITION):
        await harness.stub.LeaveGroup(pb.LeaveGroupRequest(chat_id=group), metadata=ann)
    with refused(MessagingReason.USER_NOT_FOUND, grpc.StatusCode.NOT_FOUND):
        await harness.stub.AddMembers(pb.AddMembersRequest(chat_id=group, user_ids=[an_id()]), metadata=ann)


async def test_a_full_group_refuses_new_members(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real limit takes seconds to reach: `python -m tests.load large_group` does that.
    monkeypatch.setattr("services.messaging.roles.MAX_GROUP_MEMBERS", 3)
    group = (await harness.a_group(ANN, CID, EVE)).chat_id

    with refused(MessagingReason.GROUP_FULL, PRECONDITION):
        await harness.stub.AddMembers(pb.AddMembersRequest(chat_id=group, user_ids=[BOB]), metadata=harness.by(ANN))


async def test_members_can_report_typing(harness: Harness) -> None:
    request = pb.SetTypingRequest(chat_id=between(ANN, BOB), active=True)

    assert await harness.stub.SetTyping(request, metadata=harness.by(ANN)) == pb.SetTypingResponse()


async def test_only_services_can_list_contacts(harness: Harness) -> None:
    group = (await harness.a_group(ANN, BOB, CID)).chat_id
    for writer in (BOB, CID):
        await harness.send(writer, chat_id=group)
    harness.auth.blocks[CID].add(ANN)
    request = pb.ListContactsRequest(user_id=ANN)

    answer = await harness.stub.ListContacts(request, metadata=harness.served.as_service("presence"))

    assert list(answer.user_ids) == [BOB]
    with refused(KernelReason.SERVICE_ONLY, DENIED):
        await harness.stub.ListContacts(request, metadata=harness.by(ANN))


async def test_a_stranger_cannot_find_out_whether_a_group_exists(harness: Harness) -> None:
    group = (await harness.a_group(ANN, BOB)).chat_id

    for chat_id in (group, an_id()):
        with refused(MessagingReason.NOT_A_MEMBER, DENIED):
            await harness.stub.GetChat(pb.GetChatRequest(chat_id=chat_id), metadata=harness.by(EVE))
