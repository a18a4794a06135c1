"""Calls to other services with the calling user's token, and a cache of group members."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Protocol, TypeVar

import grpc.aio
from chatly.auth.v1 import auth_service_pb2 as sessions_pb
from chatly.auth.v1 import user_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence_pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from kernel.cache import TtlCache
from kernel.errors import Code
from kernel.grpc.client import from_rpc_error
from kernel.grpc.context import caller_var, current_user
from kernel.ids import UserId
from kernel.time import Clock
from services.media.model import FilesSent, MediaId, MessageKey, MessageRemoved, StoredFilesPage, StoreProgress
from services.media.ports import GroupMessages

T = TypeVar("T")


class _Paged(Protocol):
    @property
    def next_page_token(self) -> str: ...


class _HasPageToken(Protocol):
    page_token: str


Page = TypeVar("Page", bound=_Paged)
PageRequest = TypeVar("PageRequest", bound=_HasPageToken)
Request = TypeVar("Request")

_USERS_PER_CALL = 200
_MESSAGES_PER_CALL = 200
_LOOKUP_SECONDS = 10.0
_RENEW_BEFORE = timedelta(minutes=1)


class GrpcGroupMessages:
    """GroupMessages over gRPC. Calls MessagingService.GetMessage."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def sees_any(self, chat_id: str, message_ids: Sequence[str], user_id: UserId) -> bool:  # noqa: ARG002 - the token names the user
        for message_id in message_ids:
            try:
                await self._messaging.GetMessage(messaging_pb.GetMessageRequest(chat_id=chat_id, message_id=message_id))
            except grpc.aio.AioRpcError as error:
                failure = from_rpc_error("messaging", error)
                if failure.code is Code.PERMISSION_DENIED:
                    return False
                if failure.code is not Code.NOT_FOUND:
                    raise failure from error
            else:
                return True
        return False


class CachedGroupMessages:
    """GroupMessages that caches answers for `seconds`. It caches no refusals, so new members see files at once."""

    def __init__(self, messages: GroupMessages, *, clock: Clock, seconds: float = 5.0, capacity: int = 10_000) -> None:
        self._messages = messages
        self._cached: TtlCache[tuple[str, tuple[str, ...], UserId], bool] = TtlCache(
            capacity=capacity, ttl=seconds, clock=clock
        )

    async def sees_any(self, chat_id: str, message_ids: Sequence[str], user_id: UserId) -> bool:
        key = (chat_id, tuple(message_ids), user_id)
        if self._cached.get(key):
            return True
        visible = await self._messages.sees_any(chat_id, message_ids, user_id)
        if visible:
            self._cached.put(key, visible)
        return visible


class GrpcProfiles:
    """Profiles over gRPC. Calls UserService.UpdateMe."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._users = UserServiceStub(channel)

    async def update(self, changes: Mapping[str, str]) -> Mapping[str, Any]:
        """Update the profile, and return the JSON response of the edge: `{"user": {…}}`."""
        request = auth_pb.UpdateMeRequest(update_mask=FieldMask(paths=sorted(changes)), **changes)
        return _dict(await _answer("auth", self._users.UpdateMe(request)))


class GrpcStoredMessages:
    """StoredMessages over gRPC. Calls MessagingService with the service token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._messaging = MessagingServiceStub(channel)

    async def removed(self, messages: Sequence[MessageKey]) -> Sequence[MessageRemoved]:
        found = await self._ask(messages)
        return [
            MessageRemoved(key.chat_id, key.message_id, deleted)
            for keys, deleted in ((found.deleted, True), (found.withdrawn, False))
            for key in keys
        ]

    async def files(self, *, after: str) -> StoredFilesPage:
        request = messaging_pb.ListMessageFilesRequest(page_token=after)
        page = await _answer("messaging", self._messaging.ListMessageFiles(request, timeout=_LOOKUP_SECONDS))
        return StoredFilesPage([_files_sent(each) for each in page.messages], page.next_page_token)

    async def progress(self) -> StoreProgress:
        answer = await self._ask(())
        return StoreProgress(answer.log_epoch, dict(answer.stored_offsets))

    async def _ask(self, messages: Sequence[MessageKey]) -> messaging_pb.ListRemovedMessagesResponse:
        keys = [messaging_pb.MessageKey(chat_id=each.chat_id, message_id=each.message_id) for each in messages]
        request = messaging_pb.ListRemovedMessagesRequest(messages=keys)
        return await _answer("messaging", self._messaging.ListRemovedMessages(request, timeout=_LOOKUP_SECONDS))


def _files_sent(files: messaging_pb.MessageFiles) -> FilesSent:
    media_ids = tuple(map(MediaId, files.media_ids))
    return FilesSent(files.message.chat_id, files.message.message_id, UserId(files.sender_id), media_ids)


class GrpcOwnData:
    """OwnData over gRPC. Calls auth, presence and messaging."""

    def __init__(
        self,
        *,
        auth: grpc.aio.Channel,
        presence: grpc.aio.Channel,
        messaging: grpc.aio.Channel,
        auth_as_service: grpc.aio.Channel,
        clock: Clock,
    ) -> None:
        """The channels forward the calling user's token, `auth_as_service` sends the service token."""
        self._auth = AuthServiceStub(auth)
        self._users = UserServiceStub(auth)
        self._presence = PresenceServiceStub(presence)
        self._messaging = MessagingServiceStub(messaging)
        self._renewals = AuthServiceStub(auth_as_service)
        self._clock = clock

    async def documents(self) -> AsyncIterator[tuple[str, Any]]:
        profile = await self._call("auth", self._users.GetMe, auth_pb.GetMeRequest())
        yield "profile.json", _dict(profile.user)
        sessions = await self._call("auth", self._auth.ListSessions, sessions_pb.ListSessionsRequest())
        yield "sessions.json", [_dict(each) for each in sessions.sessions]
        yield "blocked_users.json", [each async for page in self._blocked() for each in page]
        request = presence_pb.GetPresenceRequest(user_ids=[profile.user.user_id])
        presence = await self._call("presence", self._presence.GetPresence, request)
        yield "presence.json", [_dict(each) for each in presence.presences]

    async def chats(self) -> AsyncIterator[Sequence[Any]]:
        request = messaging_pb.ListChatsRequest(page_size=50)
        async for page in self._pages("messaging", self._messaging.ListChats, request):
            for chat in page.chats:
                # The newest message may be of somebody else.
                chat.ClearField("last_message")
            yield [_dict(chat) for chat in page.chats]

    async def people(self, user_ids: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
        for start in range(0, len(user_ids), _USERS_PER_CALL):
            request = auth_pb.BatchGetUsersRequest(user_ids=user_ids[start : start + _USERS_PER_CALL])
            found = await self._call("auth", self._users.BatchGetUsers, request)
            yield [{"user_id": user.user_id, "username": user.username} for user in found.users]

    async def messages(self) -> AsyncIterator[Sequence[Any]]:
        request = messaging_pb.ListOwnMessagesRequest(page_size=_MESSAGES_PER_CALL)
        async for page in self._pages("messaging", self._messaging.ListOwnMessages, request):
            yield [_dict(message) for message in page.messages]

    async def reactions(self) -> AsyncIterator[Sequence[Any]]:
        request = messaging_pb.ListOwnReactionsRequest()
        async for page in self._pages("messaging", self._messaging.ListOwnReactions, request):
            yield [_dict(reaction) for reaction in page.reactions]

    async def _blocked(self) -> AsyncIterator[Sequence[Any]]:
        request = auth_pb.ListBlockedUsersRequest()
        async for page in self._pages("auth", self._users.ListBlockedUsers, request):
            yield [{"user_id": user.user_id, "username": user.username} for user in page.users]

    async def _pages(
        self, service: str, call: Callable[[PageRequest], Awaitable[Page]], request: PageRequest
    ) -> AsyncIterator[Page]:
        """Yield every page, beginning with the page of the request."""
        while True:
            page = await self._call(service, call, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def _call(self, service: str, call: Callable[[Request], Awaitable[T]], request: Request) -> T:
        await self._renew_token()
        return await _answer(service, call(request))

    async def _renew_token(self) -> None:
        """Renew the calling user's token if it is about to expire, or has expired while the client was reading."""
        caller = current_user()
        if caller.expires_at - self._clock.now() > _RENEW_BEFORE:
            return
        request = sessions_pb.RenewAccessTokenRequest(access_token=caller.token)
        renewed = await _answer("auth", self._renewals.RenewAccessToken(request))
        expires_at = renewed.expires_at.ToDatetime(tzinfo=UTC)
        caller_var.set(replace(caller, token=renewed.access_token, expires_at=expires_at))


async def _answer(service: str, call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(service, error) from error


def _dict(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
