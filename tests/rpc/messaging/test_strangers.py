"""Every call on a chat, by those who do not belong there: nobody, a stranger, a removed member, another service."""

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
from tests.rpc.messaging.town import ANN, BOB, CID, EVE, Town, between

Metadata = Sequence[tuple[str, str]]
Call = Callable[[Town, str, str, Metadata], Awaitable[Any]]

ON_A_CHAT: Mapping[str, Call] = {
    "SendMessage": lambda town, chat, _, by: town.rpc.SendMessage(
        pb.SendMessageRequest(chat_id=chat, client_message_id=an_id(), text="x"), metadata=by
    ),
    "EditMessage": lambda town, chat, message, by: town.rpc.EditMessage(
        pb.EditMessageRequest(chat_id=chat, message_id=message, text="x"), metadata=by
    ),
    "DeleteMessage": lambda town, chat, message, by: town.rpc.DeleteMessage(
        pb.DeleteMessageRequest(chat_id=chat, message_id=message, scope=pb.DELETE_SCOPE_FOR_ME), metadata=by
    ),
    "GetMessage": lambda town, chat, message, by: town.rpc.GetMessage(
        pb.GetMessageRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "ListMessages": lambda town, chat, _, by: town.rpc.ListMessages(pb.ListMessagesRequest(chat_id=chat), metadata=by),
    "ToggleReaction": lambda town, chat, message, by: town.rpc.ToggleReaction(
        pb.ToggleReactionRequest(chat_id=chat, message_id=message, emoji="👍"), metadata=by
    ),
    "ListReactions": lambda town, chat, message, by: town.rpc.ListReactions(
        pb.ListReactionsRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "GetChat": lambda town, chat, _, by: town.rpc.GetChat(pb.GetChatRequest(chat_id=chat), metadata=by),
    "MarkRead": lambda town, chat, message, by: town.rpc.MarkRead(
        pb.MarkReadRequest(chat_id=chat, message_id=message), metadata=by
    ),
    "SetTyping": lambda town, chat, _, by: town.rpc.SetTyping(
        pb.SetTypingRequest(chat_id=chat, active=True), metadata=by
    ),
}
ON_A_GROUP: Mapping[str, Call] = {
    "UpdateGroup": lambda town, chat, _, by: town.rpc.UpdateGroup(
        pb.UpdateGroupRequest(chat_id=chat, title="x"), metadata=by
    ),
    "AddMembers": lambda town, chat, _, by: town.rpc.AddMembers(
        pb.AddMembersRequest(chat_id=chat, user_ids=[EVE]), metadata=by
    ),
    "RemoveMember": lambda town, chat, _, by: town.rpc.RemoveMember(
        pb.RemoveMemberRequest(chat_id=chat, user_id=ANN), metadata=by
    ),
    "LeaveGroup": lambda town, chat, _, by: town.rpc.LeaveGroup(pb.LeaveGroupRequest(chat_id=chat), metadata=by),
}
ALL = {**ON_A_CHAT, **ON_A_GROUP}
WITHOUT_A_CHAT: Mapping[str, Call] = {
    "SearchMessages": lambda town, _, __, by: town.rpc.SearchMessages(pb.SearchMessagesRequest(query="x"), metadata=by),
    "ListChats": lambda town, _, __, by: town.rpc.ListChats(pb.ListChatsRequest(), metadata=by),
    "CreateGroup": lambda town, _, __, by: town.rpc.CreateGroup(
        pb.CreateGroupRequest(client_group_id=an_id(), title="x"), metadata=by
    ),
    "ListContacts": lambda town, _, __, by: town.rpc.ListContacts(pb.ListContactsRequest(user_id=ANN), metadata=by),
    "Subscribe": lambda town, _, __, by: town.rpc.Subscribe(pb.SubscribeRequest(), metadata=by).read(),
    "SendMessages": lambda town, _, __, by: town.rpc.SendMessages(iter(()), metadata=by).read(),
}
EVERY = {**ALL, **WITHOUT_A_CHAT}


def test_every_call_is_here() -> None:
    (service,) = DESCRIPTOR.services_by_name.values()

    assert set(EVERY) == {method.name for method in service.methods}


async def outcomes(calls: Mapping[str, Call], town: Town, chat: str, message: str, by: Metadata) -> dict[str, str]:
    """Why each of the calls was refused, or `answered`."""
    found: dict[str, str] = {}
    for name, call in calls.items():
        try:
            await call(town, chat, message, by)
            found[name] = "answered"
        except grpc.aio.AioRpcError as error:
            found[name] = rpc_reason(error)
    return found


async def test_nobody_is_sent_away(town: Town) -> None:
    found = await outcomes(EVERY, town, between(ANN, BOB), str(uuid1()), ())

    assert found == dict.fromkeys(EVERY, KernelReason.TOKEN_MISSING)


async def test_a_stranger_is_kept_out_of_a_group(town: Town) -> None:
    chat = (await town.a_group(ANN, BOB)).chat_id
    message = (await town.send(ANN, chat_id=chat)).message_id

    found = await outcomes(ALL, town, chat, message, town.by(EVE))

    assert found == dict.fromkeys(ALL, MessagingReason.NOT_A_MEMBER)
    assert len(town.log.records()) == 2


async def test_a_stranger_is_kept_out_of_a_chat_of_two(town: Town) -> None:
    message = (await town.send(ANN, user_id=BOB)).message_id

    found = await outcomes(ON_A_CHAT, town, between(ANN, BOB), message, town.by(EVE))

    assert found == dict.fromkeys(ON_A_CHAT, MessagingReason.NOT_A_MEMBER)
    assert len(town.log.records()) == 1


async def test_a_removed_member_is_kept_out(town: Town) -> None:
    chat = (await town.a_group(ANN, CID)).chat_id
    message = (await town.send(CID, chat_id=chat)).message_id
    await town.rpc.RemoveMember(pb.RemoveMemberRequest(chat_id=chat, user_id=CID), metadata=town.by(ANN))

    found = await outcomes(ALL, town, chat, message, town.by(CID))

    assert found == dict.fromkeys(ALL, MessagingReason.NOT_A_MEMBER)
    assert len(town.log.records()) == 3


async def test_messages_of_other_chats_are_not_found_through_ones_own(town: Town) -> None:
    elsewhere = (await town.send(ANN, user_id=BOB)).message_id
    naming_a_message = {
        name: call
        for name, call in ON_A_CHAT.items()
        if name not in {"SendMessage", "ListMessages", "GetChat", "SetTyping"}
    }

    found = await outcomes(naming_a_message, town, between(CID, EVE), elsewhere, town.by(EVE))

    assert found == dict.fromkeys(naming_a_message, MessagingReason.MESSAGE_NOT_FOUND)


async def test_a_service_is_no_user(town: Town) -> None:
    for_users = {name: call for name, call in EVERY.items() if name != "ListContacts"}

    found = await outcomes(for_users, town, between(ANN, BOB), str(uuid1()), town.served.as_service())

    assert found == dict.fromkeys(for_users, KernelReason.TOKEN_INVALID)
