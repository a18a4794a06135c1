"""MessagingService over gRPC: unpack, call the use case, pack. No decisions here."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceServicer

from history.chat_id import ChatId
from kernel.grpc.context import current_user
from kernel.ids import UserId
from services.messaging.add_members import AddMembers
from services.messaging.api.mapping.chats import chat_pb, details, new_group, role_of
from services.messaging.api.mapping.messages import (
    chat_ref,
    draft,
    listing,
    message_pb,
    reaction_pb,
    search,
    time_uuid_of,
    user_id_of,
)
from services.messaging.api.mapping.stream import answer_pb, asks
from services.messaging.create_group import CreateGroup
from services.messaging.delete_message import DeleteMessage
from services.messaging.edit_message import EditMessage
from services.messaging.get_chat import GetChat
from services.messaging.get_message import GetMessage
from services.messaging.leave_group import LeaveGroup
from services.messaging.list_chats import ListChats
from services.messaging.list_contacts import ListContacts
from services.messaging.list_messages import ListMessages
from services.messaging.list_reactions import ListReactions
from services.messaging.live.send_messages import SendMessages
from services.messaging.live.subscribe import Subscribe
from services.messaging.mark_read import MarkRead
from services.messaging.remove_member import RemoveMember
from services.messaging.search_messages import SearchMessages
from services.messaging.send_message import SendMessage
from services.messaging.set_typing import SetTyping
from services.messaging.toggle_reaction import ToggleReaction
from services.messaging.update_group import UpdateGroup

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagingUseCases:
    """What MessagingService calls."""

    send_message: SendMessage
    edit_message: EditMessage
    delete_message: DeleteMessage
    get_message: GetMessage
    list_messages: ListMessages
    search_messages: SearchMessages
    toggle_reaction: ToggleReaction
    list_reactions: ListReactions
    list_chats: ListChats
    get_chat: GetChat
    mark_read: MarkRead
    set_typing: SetTyping
    create_group: CreateGroup
    update_group: UpdateGroup
    add_members: AddMembers
    remove_member: RemoveMember
    leave_group: LeaveGroup
    list_contacts: ListContacts
    subscribe: Subscribe
    send_messages: SendMessages


class MessagingServicer(MessagingServiceServicer):
    def __init__(self, use: MessagingUseCases) -> None:
        self._use = use

    async def SendMessage(self, request: pb.SendMessageRequest, context: Context) -> pb.SendMessageResponse:
        message = await self._use.send_message(draft(request), sender=_caller())
        return pb.SendMessageResponse(message=message_pb(message))

    async def SendMessages(
        self, requests: AsyncIterator[pb.SendMessagesRequest], context: Context
    ) -> AsyncIterator[pb.SendMessagesResponse]:
        async with aclosing(self._use.send_messages(asks(requests), sender=_caller())) as answers:
            async for answer in answers:
                yield answer_pb(answer)

    async def EditMessage(self, request: pb.EditMessageRequest, context: Context) -> pb.EditMessageResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        message = await self._use.edit_message(chat, message_id, request.text, editor=_caller())
        return pb.EditMessageResponse(message=message_pb(message))

    async def DeleteMessage(self, request: pb.DeleteMessageRequest, context: Context) -> pb.DeleteMessageResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        for_everyone = request.scope == pb.DELETE_SCOPE_FOR_EVERYONE
        await self._use.delete_message(chat, message_id, for_everyone=for_everyone, user_id=_caller())
        return pb.DeleteMessageResponse(success=True)

    async def GetMessage(self, request: pb.GetMessageRequest, context: Context) -> pb.GetMessageResponse:
        message_id = time_uuid_of("message_id", request.message_id)
        message = await self._use.get_message(chat_ref(request.chat_id), message_id, viewer=_caller())
        return pb.GetMessageResponse(message=message_pb(message))

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        page = await self._use.list_messages(listing(request), viewer=_caller())
        return pb.ListMessagesResponse(messages=map(message_pb, page.items), next_page_token=page.next_page_token)

    async def SearchMessages(self, request: pb.SearchMessagesRequest, context: Context) -> pb.SearchMessagesResponse:
        page = await self._use.search_messages(search(request), viewer=_caller())
        return pb.SearchMessagesResponse(messages=map(message_pb, page.items), next_page_token=page.next_page_token)

    async def ToggleReaction(self, request: pb.ToggleReactionRequest, context: Context) -> pb.ToggleReactionResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        reactions, present = await self._use.toggle_reaction(chat, message_id, request.emoji, user_id=_caller())
        return pb.ToggleReactionResponse(reactions=map(reaction_pb, reactions), present=present)

    async def ListReactions(self, request: pb.ListReactionsRequest, context: Context) -> pb.ListReactionsResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        reactions = await self._use.list_reactions(chat, message_id, viewer=_caller())
        return pb.ListReactionsResponse(reactions=map(reaction_pb, reactions))

    async def ListChats(self, request: pb.ListChatsRequest, context: Context) -> pb.ListChatsResponse:
        page = await self._use.list_chats(viewer=_caller(), page_size=request.page_size, page_token=request.page_token)
        return pb.ListChatsResponse(chats=map(chat_pb, page.items), next_page_token=page.next_page_token)

    async def GetChat(self, request: pb.GetChatRequest, context: Context) -> pb.GetChatResponse:
        chat = await self._use.get_chat(chat_ref(request.chat_id), viewer=_caller())
        return pb.GetChatResponse(chat=chat_pb(chat))

    async def MarkRead(self, request: pb.MarkReadRequest, context: Context) -> pb.MarkReadResponse:
        message_id = time_uuid_of("message_id", request.message_id)
        read = await self._use.mark_read(chat_ref(request.chat_id), message_id, reader=_caller())
        return pb.MarkReadResponse(read_message_id=str(read.message_id), unread_count=read.unread_count)

    async def SetTyping(self, request: pb.SetTypingRequest, context: Context) -> pb.SetTypingResponse:
        await self._use.set_typing(chat_ref(request.chat_id), active=request.active, user_id=_caller())
        return pb.SetTypingResponse()

    async def CreateGroup(self, request: pb.CreateGroupRequest, context: Context) -> pb.CreateGroupResponse:
        chat = await self._use.create_group(new_group(request), creator=_caller())
        return pb.CreateGroupResponse(chat=chat_pb(chat))

    async def UpdateGroup(self, request: pb.UpdateGroupRequest, context: Context) -> pb.UpdateGroupResponse:
        chat = await self._use.update_group(_group(request.chat_id), details(request), user_id=_caller())
        return pb.UpdateGroupResponse(chat=chat_pb(chat))

    async def AddMembers(self, request: pb.AddMembersRequest, context: Context) -> pb.AddMembersResponse:
        user_ids = [user_id_of(user_id) for user_id in request.user_ids]
        chat = await self._use.add_members(_group(request.chat_id), user_ids, role_of(request.role), actor=_caller())
        return pb.AddMembersResponse(chat=chat_pb(chat))

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Context) -> pb.RemoveMemberResponse:
        chat = await self._use.remove_member(_group(request.chat_id), user_id_of(request.user_id), actor=_caller())
        return pb.RemoveMemberResponse(chat=chat_pb(chat))

    async def LeaveGroup(self, request: pb.LeaveGroupRequest, context: Context) -> pb.LeaveGroupResponse:
        await self._use.leave_group(_group(request.chat_id), user_id=_caller())
        return pb.LeaveGroupResponse()

    # Bytes are responses that were serialized once for all streams.
    def Subscribe(  # type: ignore[override]
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[bytes]:
        return self._use.subscribe(_caller(), request.cursor)

    async def ListContacts(self, request: pb.ListContactsRequest, context: Context) -> pb.ListContactsResponse:
        return pb.ListContactsResponse(user_ids=await self._use.list_contacts(user_id_of(request.user_id)))


def _caller() -> UserId:
    return current_user().user_id


def _group(chat_id: str) -> ChatId:
    return ChatId(chat_id.lower())
