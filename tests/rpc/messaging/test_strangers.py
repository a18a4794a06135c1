"""Every RPC, called without a token, by a stranger, by a removed member and by another service."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid1

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2 import DESCRIPTOR

from kernel.errors import KernelReason
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.problems import rpc_reason
from tests.rpc.messaging.harness import ANN, BOB, CID, EVE, Harness, between

Metadata = Sequence[tuple[str, str]]
Call = Callable[[Harness, str, str, Metadata], Awaitable[Any]]

ON_A_CHAT: Mapping[str, Call] = {
    "SendMessage": lambda harness, chat, _, by: harness.stub.SendMessage(
        pb.SendMessageRequest(chat_id=chat, client_message_id=an_id(), text="x"), metadata=by
    ),
    "EditMessage": lambda harness, chat, message, by: harness.stub.EditMessage(
        pb.EditMessageRequest(chat_id=chat, message_id=message, text="x"), metadata=by
    ),
    "DeleteMessage": lambda harness, chat, message, by: harness.stub.DeleteMessage(
        pb.DeleteMessageRequest(chat_id=chat, message_id=message, scope=pb.DELETE_SCOPE_FOR_ME), metadata=by
    ),
    "GetMessage": lambda harness, chat, message, by: harness.stub.GetMessage(
        pb.GetMessageRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "ListMessages": lambda harness, chat, _, by: harness.stub.ListMessages(
        pb.ListMessagesRequest(chat_id=chat), metadata=by
    ),
    "ToggleReaction": lambda harness, chat, message, by: harness.stub.ToggleReaction(
        pb.ToggleReactionRequest(chat_id=chat, message_id=message, emoji="👍"), metadata=by
    ),
    "ListReactions": lambda harness, chat, message, by: harness.stub.ListReactions(
        pb.ListReactionsRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "GetChat": lambda harness, chat, _, by: harness.stub.GetChat(pb.GetChatRequest(chat_id=chat), metadata=by),
    "MarkRead": lambda harness, chat, message, by: harness.stub.MarkRead(
        pb.MarkReadRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "SetTyping": lambda harness, chat, _, by: harness.stub.SetTyping(
        pb.SetTypingRequest(chat_id=chat, active=True), metadata=by
    ),
}
ON_A_GROUP: Mapping[str, Call] = {
    "UpdateGroup": lambda harness, chat, _, by: harness.stub.UpdateGroup(
        pb.UpdateGroupRequest(chat_id=chat, title="x"), metadata=by
    ),
    "AddMembers": lambda harness, chat, _, by: harness.stub.AddMembers(
        pb.AddMembersRequest(chat_id=chat, user_ids=[EVE]), metadata=by
    ),
    "RemoveMember": lambda harness, chat, _, by: harness.stub.RemoveMember(
        pb.RemoveMemberRequest(chat_id=chat, user_id=ANN), metadata=by
    ),
    "LeaveGroup": lambda harness, chat, _, by: harness.stub.LeaveGroup(pb.LeaveGroupRequest(chat_id=chat), metadata=by),
}
ALL = {**ON_A_CHAT, **ON_A_GROUP}
WITHOUT_A_CHAT: Mapping[str, Call] = {
    "SearchMessages": lambda harness, _, __, by: harness.stub.SearchMessages(
        pb.SearchMessagesRequest(query="x"), metadata=by
    ),
    "ListChats": lambda harness, _, __, by: harness.stub.ListChats(pb.ListChatsRequest(), metadata=by),
    "CreateGroup": lambda harness, _, __, by: harness.stub.CreateGroup(
        pb.CreateGroupRequest(client_group_id=an_id(), title="x"), metadata=by
    ),
    "ListContacts": lambda harness, _, __, by: harness.stub.ListContacts(
        pb.ListContactsRequest(user_id=ANN), metadata=by
    ),
    "EraseUser": lambda harness, _, __, by: harness.stub.EraseUser(
        pb.EraseUserRequest(user_id=ANN, delete_messages=True), metadata=by
    ),
    "ListOwnMessages": lambda harness, _, __, by: harness.stub.ListOwnMessages(
        pb.ListOwnMessagesRequest(), metadata=by
    ),
    "ListOwnReactions": lambda harness, _, __, by: harness.stub.ListOwnReactions(
        pb.ListOwnReactionsRequest(), metadata=by
    ),
    "ListRemovedMessages": lambda harness, chat, message, by: harness.stub.ListRemovedMessages(
        pb.ListRemovedMessagesRequest(messages=[pb.MessageKey(chat_id=chat, message_id=message)]), metadata=by
    ),
    "ListMessageFiles": lambda harness, _, __, by: harness.stub.ListMessageFiles(
        pb.ListMessageFilesRequest(), metadata=by
    ),
    "Subscribe": lambda harness, _, __, by: harness.stub.Subscribe(pb.SubscribeRequest(), metadata=by).read(),
    "SendMessages": lambda harness, _, __, by: harness.stub.SendMessages(iter(()), metadata=by).read(),
}
EVERY = {**ALL, **WITHOUT_A_CHAT}


def test_every_rpc_is_tested_here() -> None:
    (service,) = DESCRIPTOR.services_by_name.values()

    assert set(EVERY) == {method.name for method in service.methods}


async def outcomes(
    calls: Mapping[str, Call], harness: Harness, chat: str, message: str, by: Metadata
) -> dict[str, str]:
    """Return the reason for which each call was refused, or `answered`."""
    found: dict[str, str] = {}
    for name, call in calls.items():
        try:
            await call(harness, chat, message, by)
            found[name] = "answered"
        except grpc.aio.AioRpcError as error:
            found[name] = rpc_reason(error)
    return found


async def test_calls_without_a_token_are_refused(harness: Harness) -> None:
    found = await outcomes(EVERY, harness, between(ANN, BOB), str(uuid1()), ())

    assert found == dict.fromkeys(EVERY, KernelReason.TOKEN_MISSING)


async def test_a_stranger_has_no_access_to_a_group(harness: Harness) -> None:
    chat = (await harness.a_group(ANN, BOB)).chat_id
    message = (await harness.send(ANN, chat_id=chat)).message_id

    found = await outcomes(ALL, harness, chat, message, harness.by(EVE))

    assert found == dict.fromkeys(ALL, MessagingReason.NOT_A_MEMBER)
    assert len(harness.log.records()) == 2


async def test_a_stranger_has_no_access_to_a_direct_chat(harness: Harness) -> None:
    message = (await harness.send(ANN, user_id=BOB)).message_id

    found = await outcomes(ON_A_CHAT, harness, between(ANN, BOB), message, harness.by(EVE))

    assert found == dict.fromkeys(ON_A_CHAT, MessagingReason.NOT_A_MEMBER)
    assert len(harness.log.records()) == 1


async def test_a_removed_member_has_no_access(harness: Harness) -> None:
    chat = (await harness.a_group(ANN, CID)).chat_id
    message = (await harness.send(CID, chat_id=chat)).message_id
    await harness.stub.RemoveMember(pb.RemoveMemberRequest(chat_id=chat, user_id=CID), metadata=harness.by(ANN))

    found = await outcomes(ALL, harness, chat, message, harness.by(CID))

    assert found == dict.fromkeys(ALL, MessagingReason.NOT_A_MEMBER)
    assert len(harness.log.records()) == 3


async def test_messages_of_other_chats_are_not_found_through_a_chat_of_the_caller(harness: Harness) -> None:
    elsewhere = (await harness.send(ANN, user_id=BOB)).message_id
    naming_a_message = {
        name: call
        for name, call in ON_A_CHAT.items()
        if name not in {"SendMessage", "ListMessages", "GetChat", "SetTyping"}
    }

    found = await outcomes(naming_a_message, harness, between(CID, EVE), elsewhere, harness.by(EVE))

    assert found == dict.fromkeys(naming_a_message, MessagingReason.MESSAGE_NOT_FOUND)


async def test_a_service_token_is_refused_where_a_user_is_needed(harness: Harness) -> None:
    for_services = {"ListContacts", "EraseUser", "ListRemovedMessages", "ListMessageFiles"}
    for_users = {name: call for name, call in EVERY.items() if name not in for_services}

    found = await outcomes(for_users, harness, between(ANN, BOB), str(uuid1()), harness.served.as_service())

    assert found == dict.fromkeys(for_users, KernelReason.TOKEN_INVALID)
