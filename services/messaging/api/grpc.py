"""MessagingService over gRPC: unpacks requests, calls use cases and packs responses. Decides nothing."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceServicer

from history.chat_id import ChatId
from kernel.grpc.context import current_responses, current_user
from kernel.paging import PageTokens
from services.messaging.api.mapping.chats import chat_pb, details, new_group, role_of
from services.messaging.api.mapping.messages import (
    chat_ref,
    draft,
    files_pb,
    keys_pb,
    listing,
    message_pb,
    own_reaction_pb,
    reaction_pb,
    search,
    time_uuid_of,
    user_id_of,
)
from services.messaging.api.mapping.stream import send_requests, send_result_pb
from services.messaging.chats import Chats
from services.messaging.create_group import CreateGroup
from services.messaging.delete_message import DeleteMessage
from services.messaging.edit_message import EditMessage
from services.messaging.erase_user import EraseUser
from services.messaging.groups import Groups
from services.messaging.list_message_files import ListMessageFiles
from services.messaging.list_messages import ListMessages
from services.messaging.list_own_messages import ListOwnMessages
from services.messaging.list_own_reactions import ListOwnReactions
from services.messaging.list_removed_messages import ListRemovedMessages
from services.messaging.live.cursor import LogLineage
from services.messaging.live.send_messages import SendMessages
from services.messaging.live.subscribe import Subscribe
from services.messaging.mark_read import MarkRead
from services.messaging.messages import Messages
from services.messaging.search_messages import SearchMessages
from services.messaging.send_message import SendMessage
from services.messaging.set_typing import SetTyping
from services.messaging.toggle_reaction import ToggleReaction

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, kw_only=True)
class MessagingServicer(MessagingServiceServicer):
    send_message: SendMessage
    send_messages: SendMessages
    edit_message: EditMessage
    delete_message: DeleteMessage
    messages: Messages
    list_messages: ListMessages
    search_messages: SearchMessages
    toggle_reaction: ToggleReaction
    chats: Chats
    mark_read: MarkRead
    set_typing: SetTyping
    create_group: CreateGroup
    groups: Groups
    subscribe: Subscribe
    erase_user: EraseUser
    list_own_messages: ListOwnMessages
    list_own_reactions: ListOwnReactions
    list_removed_messages: ListRemovedMessages
    list_message_files: ListMessageFiles
    log: LogLineage

    async def SendMessage(self, request: pb.SendMessageRequest, context: Context) -> pb.SendMessageResponse:
        message = await self.send_message(draft(request), sender=current_user().user_id)
        return pb.SendMessageResponse(message=message_pb(message))

    async def SendMessages(
        self, requests: AsyncIterator[pb.SendMessagesRequest], context: Context
    ) -> AsyncIterator[pb.SendMessagesResponse]:
        async with aclosing(self.send_messages(send_requests(requests), sender=current_user().user_id)) as results:
            async for result in results:
                yield send_result_pb(result)

    async def EditMessage(self, request: pb.EditMessageRequest, context: Context) -> pb.EditMessageResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        message = await self.edit_message(chat, message_id, request.text, editor=current_user().user_id)
        return pb.EditMessageResponse(message=message_pb(message))

    async def DeleteMessage(self, request: pb.DeleteMessageRequest, context: Context) -> pb.DeleteMessageResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        for_everyone = request.scope == pb.DELETE_SCOPE_FOR_EVERYONE
        await self.delete_message(chat, message_id, for_everyone=for_everyone, user_id=current_user().user_id)
        return pb.DeleteMessageResponse(success=True)

    async def GetMessage(self, request: pb.GetMessageRequest, context: Context) -> pb.GetMessageResponse:
        message_id = time_uuid_of("message_id", request.message_id)
        message = await self.messages.get(chat_ref(request.chat_id), message_id, viewer=current_user().user_id)
        return pb.GetMessageResponse(message=message_pb(message))

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        page = await self.list_messages(listing(request), viewer=current_user().user_id)
        return pb.ListMessagesResponse(messages=map(message_pb, page.items), next_page_token=page.next_page_token)

    async def SearchMessages(self, request: pb.SearchMessagesRequest, context: Context) -> pb.SearchMessagesResponse:
        page = await self.search_messages(search(request), viewer=current_user().user_id)
        return pb.SearchMessagesResponse(messages=map(message_pb, page.items), next_page_token=page.next_page_token)

    async def ToggleReaction(self, request: pb.ToggleReactionRequest, context: Context) -> pb.ToggleReactionResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        reactions, present = await self.toggle_reaction(chat, message_id, request.emoji, user_id=current_user().user_id)
        return pb.ToggleReactionResponse(reactions=map(reaction_pb, reactions), present=present)

    async def ListReactions(self, request: pb.ListReactionsRequest, context: Context) -> pb.ListReactionsResponse:
        chat = chat_ref(request.chat_id, request.user_id)
        message_id = time_uuid_of("message_id", request.message_id)
        reactions = await self.messages.reactions(chat, message_id, viewer=current_user().user_id)
        return pb.ListReactionsResponse(reactions=map(reaction_pb, reactions))

    async def ListChats(self, request: pb.ListChatsRequest, context: Context) -> pb.ListChatsResponse:
        page = await self.chats.list(
            viewer=current_user().user_id, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListChatsResponse(chats=map(chat_pb, page.items), next_page_token=page.next_page_token)

    async def GetChat(self, request: pb.GetChatRequest, context: Context) -> pb.GetChatResponse:
        chat = await self.chats.get(chat_ref(request.chat_id), viewer=current_user().user_id)
        return pb.GetChatResponse(chat=chat_pb(chat))

    async def MarkRead(self, request: pb.MarkReadRequest, context: Context) -> pb.MarkReadResponse:
        message_id = time_uuid_of("message_id", request.message_id)
        read = await self.mark_read(chat_ref(request.chat_id), message_id, reader=current_user().user_id)
        return pb.MarkReadResponse(read_message_id=str(read.message_id), unread_count=read.unread_count)

    async def SetTyping(self, request: pb.SetTypingRequest, context: Context) -> pb.SetTypingResponse:
        await self.set_typing(chat_ref(request.chat_id), active=request.active, user_id=current_user().user_id)
        return pb.SetTypingResponse()

    async def CreateGroup(self, request: pb.CreateGroupRequest, context: Context) -> pb.CreateGroupResponse:
        chat = await self.create_group(new_group(request), creator=current_user().user_id)
        return pb.CreateGroupResponse(chat=chat_pb(chat))

    async def UpdateGroup(self, request: pb.UpdateGroupRequest, context: Context) -> pb.UpdateGroupResponse:
        chat = await self.groups.update(_group(request.chat_id), details(request), user_id=current_user().user_id)
        return pb.UpdateGroupResponse(chat=chat_pb(chat))

    async def AddMembers(self, request: pb.AddMembersRequest, context: Context) -> pb.AddMembersResponse:
        user_ids = [user_id_of(user_id) for user_id in request.user_ids]
        chat = await self.groups.add_members(
            _group(request.chat_id), user_ids, role_of(request.role), actor=current_user().user_id
        )
        return pb.AddMembersResponse(chat=chat_pb(chat))

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Context) -> pb.RemoveMemberResponse:
        chat = await self.groups.remove_member(
            _group(request.chat_id), user_id_of(request.user_id), actor=current_user().user_id
        )
        return pb.RemoveMemberResponse(chat=chat_pb(chat))

    async def LeaveGroup(self, request: pb.LeaveGroupRequest, context: Context) -> pb.LeaveGroupResponse:
        await self.groups.leave(_group(request.chat_id), user_id=current_user().user_id)
        return pb.LeaveGroupResponse()

    # The responses are bytes, because an event is serialized once for all streams.
    def Subscribe(  # type: ignore[override]
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[bytes]:
        return self.subscribe(current_user().user_id, request.cursor, current_responses())

    async def ListContacts(self, request: pb.ListContactsRequest, context: Context) -> pb.ListContactsResponse:
        return pb.ListContactsResponse(user_ids=await self.chats.contacts(user_id_of(request.user_id)))

    async def ListOwnMessages(self, request: pb.ListOwnMessagesRequest, context: Context) -> pb.ListOwnMessagesResponse:
        page = await self.list_own_messages(
            sender=current_user().user_id, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListOwnMessagesResponse(messages=map(message_pb, page.items), next_page_token=page.next_page_token)

    async def ListOwnReactions(
        self, request: pb.ListOwnReactionsRequest, context: Context
    ) -> pb.ListOwnReactionsResponse:
        page = await self.list_own_reactions(user_id=current_user().user_id, page_token=request.page_token)
        return pb.ListOwnReactionsResponse(
            reactions=map(own_reaction_pb, page.items), next_page_token=page.next_page_token
        )

    async def ListRemovedMessages(
        self, request: pb.ListRemovedMessagesRequest, context: Context
    ) -> pb.ListRemovedMessagesResponse:
        # Read before the messages, so that the answer includes every removal up to these offsets.
        stored_offsets = await self.log.stored_offsets()
        log_epoch = self.log.identity
        removed = await self.list_removed_messages(
            [(ChatId(key.chat_id), time_uuid_of("message_id", key.message_id)) for key in request.messages]
        )
        return pb.ListRemovedMessagesResponse(
            deleted=keys_pb(state for state in removed if state.deleted_for_everyone),
            withdrawn=keys_pb(state for state in removed if state.withdrawn),
            log_epoch=log_epoch,
            stored_offsets=stored_offsets,
        )

    async def ListMessageFiles(
        self, request: pb.ListMessageFilesRequest, context: Context
    ) -> pb.ListMessageFilesResponse:
        page = await self.list_message_files(page_size=request.page_size, page_token=request.page_token)
        return pb.ListMessageFilesResponse(messages=map(files_pb, page.items), next_page_token=page.next_page_token)

    async def EraseUser(self, request: pb.EraseUserRequest, context: Context) -> pb.EraseUserResponse:
        user_id = user_id_of(request.user_id)
        token = request.page_token
        after = PageTokens.decode("EraseUser", user_id, token) if token else b""
        erased = await self.erase_user(user_id, delete_messages=request.delete_messages, after=after)
        return pb.EraseUserResponse(
            deleted_message_count=erased.messages,
            deleted_file_count=erased.files,
            left_group_count=erased.groups,
            next_page_token=PageTokens.encode("EraseUser", user_id, erased.next_after) if erased.next_after else "",
        )


def _group(chat_id: str) -> ChatId:
    return ChatId(chat_id.lower())
