"""A media service whose peers have one user's data, for exports."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1 import user_service_pb2 as users_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceServicer, add_AuthServiceServicer_to_server
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer, add_UserServiceServicer_to_server
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import message_pb2
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import (
    MessagingServiceServicer,
    add_MessagingServiceServicer_to_server,
)
from chatly.presence.v1 import presence_service_pb2 as presence_pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceServicer, add_PresenceServiceServicer_to_server

from kernel.errors import KernelReason, unauthenticated, unavailable
from kernel.grpc.context import current_user
from kernel.grpc.time import timestamp
from kernel.service import Service
from services.media.settings import MediaSettings
from services.media.wiring import open_media
from tests.fakes import MemoryLog, Mesh, Served, a_platform, running
from tests.rpc.media.harness import ANN, BOB, steps_of


@dataclass
class Peers(  # type: ignore[misc]
    AuthServiceServicer, UserServiceServicer, MessagingServiceServicer, PresenceServiceServicer
):
    """Auth, presence and messaging. Each user has a name, a session, a chat with BOB, and the messages set here."""

    messages: dict[str, list[message_pb2.Message]] = field(default_factory=dict)
    page_size: int = 2
    fails_after: int | None = None
    """The number of pages of messages after which messaging is unavailable."""
    pause: float = 0.0
    """Seconds before each page of messages."""
    reactions: dict[str, list[messaging_pb.OwnReaction]] = field(default_factory=dict)
    renewed: list[str] = field(default_factory=list)
    """Users whose token was renewed."""
    mesh: Mesh = field(default_factory=Mesh)

    async def RenewAccessToken(
        self, request: auth_pb.RenewAccessTokenRequest, context: object
    ) -> auth_pb.RenewAccessTokenResponse:
        caller = await self.mesh.tokens.identify(request.access_token)
        if caller.session_id in self.mesh.keys.revoked:
            raise unauthenticated(KernelReason.SESSION_ENDED, "the session has ended")
        self.renewed.append(caller.user_id)
        token = self.mesh.token_for(caller.user_id, session_id=caller.session_id)
        expires_at = (await self.mesh.tokens.identify(token)).expires_at
        return auth_pb.RenewAccessTokenResponse(access_token=token, expires_at=timestamp(expires_at))

    async def ListOwnReactions(
        self, request: messaging_pb.ListOwnReactionsRequest, context: object
    ) -> messaging_pb.ListOwnReactionsResponse:
        own = self.reactions.get(current_user().user_id, [])
        at = int(request.page_token or 0)
        token = str(at + 1) if at + 1 < len(own) else ""
        return messaging_pb.ListOwnReactionsResponse(reactions=own[at : at + 1], next_page_token=token)

    async def GetMe(self, request: users_pb.GetMeRequest, context: object) -> users_pb.GetMeResponse:
        user_id = current_user().user_id
        return users_pb.GetMeResponse(user=users_pb.User(user_id=user_id, username=f"name of {user_id}"))

    async def ListSessions(self, request: auth_pb.ListSessionsRequest, context: object) -> auth_pb.ListSessionsResponse:
        return auth_pb.ListSessionsResponse(sessions=[auth_pb.Session(session_id="s", device_name="a tablet")])

    async def ListBlockedUsers(
        self, request: users_pb.ListBlockedUsersRequest, context: object
    ) -> users_pb.ListBlockedUsersResponse:
        return users_pb.ListBlockedUsersResponse(users=[users_pb.User(user_id="blocked", username="Mallory", bio="x")])

    async def BatchGetUsers(
        self, request: users_pb.BatchGetUsersRequest, context: object
    ) -> users_pb.BatchGetUsersResponse:
        users = [users_pb.User(user_id=user_id, username=f"name of {user_id}", bio="x") for user_id in request.user_ids]
        return users_pb.BatchGetUsersResponse(users=users)

    async def GetPresence(
        self, request: presence_pb.GetPresenceRequest, context: object
    ) -> presence_pb.GetPresenceResponse:
        status = presence_pb.CustomStatus(text="at the teapots")
        return presence_pb.GetPresenceResponse(
            presences=[presence_pb.Presence(user_id=user_id, status=status) for user_id in request.user_ids]
        )

    async def ListChats(
        self, request: messaging_pb.ListChatsRequest, context: object
    ) -> messaging_pb.ListChatsResponse:
        members = [message_pb2.Member(user_id=user_id) for user_id in (current_user().user_id, BOB)]
        last = message_pb2.Message(text="words of another")
        return messaging_pb.ListChatsResponse(
            chats=[message_pb2.Chat(chat_id="chat", members=members, last_message=last)]
        )

    async def ListOwnMessages(
        self, request: messaging_pb.ListOwnMessagesRequest, context: object
    ) -> messaging_pb.ListOwnMessagesResponse:
        page = int(request.page_token or 0)
        await asyncio.sleep(self.pause)
        if page == self.fails_after:
            raise unavailable(KernelReason.SHUTTING_DOWN, "shutting down", retry_after=0.0)
        own = self.messages.get(current_user().user_id, [])
        start = page * self.page_size
        token = str(page + 1) if start + self.page_size < len(own) else ""
        return messaging_pb.ListOwnMessagesResponse(messages=own[start : start + self.page_size], next_page_token=token)

    def sent(self, text: str, *media_ids: str, sender: str = ANN) -> None:
        attachments = [message_pb2.Attachment(media_id=media_id) for media_id in media_ids]
        message = message_pb2.Message(
            message_id=str(uuid.uuid1()), chat_id="chat", sender_id=sender, text=text, attachments=attachments
        )
        self.messages.setdefault(sender, []).append(message)


@dataclass(frozen=True, kw_only=True)
class ExportNode:
    """The running media service and its peers."""

    served: Served
    http: httpx.AsyncClient
    peers: Peers

    def header(self, user_id: str, *, life: float = 900, session_id: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.served.token_for(user_id, life=life, session_id=session_id)}"}

    async def upload(self, data: bytes, *, owner: str = ANN, file_name: str = "teapot.bin") -> str:
        stub = MediaServiceStub(self.served.channel)
        steps = steps_of(data, file_name=file_name)
        return (await stub.Upload(steps, metadata=self.served.as_user(owner))).media.media_id


@asynccontextmanager
async def exporting_media(data_dir: Path, **chosen: Any) -> AsyncIterator[ExportNode]:
    mesh, log = Mesh(), MemoryLog()
    peers = Peers(mesh=mesh)  # type: ignore[abstract]
    names = ("auth.v1.AuthService", "auth.v1.UserService")
    more = ("messaging.v1.MessagingService", "presence.v1.PresenceService")
    adders = (
        add_AuthServiceServicer_to_server,
        add_UserServiceServicer_to_server,
        add_MessagingServiceServicer_to_server,
        add_PresenceServiceServicer_to_server,
    )
    service = Service(
        name="peers",
        grpc_services=[f"chatly.{name}" for name in (*names, *more)],
        mount=[partial(add, peers) for add in adders],
    )
    async with (
        running(service, mesh=mesh) as others,
        a_platform(
            data_dir=data_dir,
            log=log,
            mesh=mesh,
            addresses=dict.fromkeys(("auth", "messaging", "presence"), others.server.address),
        ) as lent,
        open_media(MediaSettings(**chosen), lent) as media,
        running(media, mesh=mesh, loops=True) as served,
        httpx.AsyncClient(base_url=served.http, timeout=20) as http,
    ):
        yield ExportNode(served=served, http=http, peers=peers)
