"""A running media service, with fake auth and messaging services."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
import pytest
from chatly.auth.v1 import user_service_pb2 as auth_pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer, add_UserServiceServicer_to_server
from chatly.event.v1 import event_pb2
from chatly.media.v1 import media_service_pb2 as pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging_pb
from chatly.messaging.v1.messaging_service_pb2_grpc import (
    MessagingServiceServicer,
    add_MessagingServiceServicer_to_server,
)

from kernel.errors import ChatlyError, Code, KernelReason, denied, unavailable
from kernel.grpc.client import from_rpc_error
from kernel.grpc.context import current_user
from kernel.service import Service
from services.auth.errors import AuthReason
from services.media.settings import MediaSettings
from services.media.wiring import open_media
from services.messaging.errors import MessagingReason
from tests.builders import an_id
from tests.fakes import MemoryLog, Mesh, Served, a_platform, running
from tests.unit.media.builders import a_direct_chat

ANN, BOB, EVE = an_id(), an_id(), an_id()


class Groups(MessagingServiceServicer):
    """GetMessage for groups with members and hidden messages that the test sets, and a store with the whole log."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.members: dict[str, set[str]] = {}
        self.hidden: set[tuple[str, str]] = set()
        """(user, message) pairs."""
        self.deleted: set[str] = set()
        self.unavailable = False

    async def ListRemovedMessages(
        self, request: messaging_pb.ListRemovedMessagesRequest, context: object
    ) -> messaging_pb.ListRemovedMessagesResponse:
        if self.unavailable:
            raise unavailable(KernelReason.SHUTTING_DOWN, "shutting down")
        deleted = [key for key in request.messages if key.message_id in self.deleted]
        return messaging_pb.ListRemovedMessagesResponse(deleted=deleted, stored_offsets=await self.log.ends())

    async def ListMessageFiles(
        self, request: messaging_pb.ListMessageFilesRequest, context: object
    ) -> messaging_pb.ListMessageFilesResponse:
        return messaging_pb.ListMessageFilesResponse()

    async def GetMessage(
        self, request: messaging_pb.GetMessageRequest, context: object
    ) -> messaging_pb.GetMessageResponse:
        user_id = current_user().user_id
        if self.unavailable:
            raise unavailable(KernelReason.SHUTTING_DOWN, "shutting down")
        if user_id not in self.members.get(request.chat_id, set()):
            raise denied(MessagingReason.NOT_A_MEMBER, "not a member")
        if (user_id, request.message_id) in self.hidden:
            raise ChatlyError(Code.NOT_FOUND, MessagingReason.MESSAGE_NOT_FOUND, "no such message")
        return messaging_pb.GetMessageResponse()


class Profiles(UserServiceServicer):
    """UpdateMe that records requests; the name `taken` is taken."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, auth_pb.UpdateMeRequest]] = []

    async def UpdateMe(self, request: auth_pb.UpdateMeRequest, context: object) -> auth_pb.UpdateMeResponse:
        if request.username == "taken":
            raise ChatlyError(Code.ALREADY_EXISTS, AuthReason.USERNAME_TAKEN, "taken")
        user_id = current_user().user_id
        self.updates.append((user_id, request))
        user = auth_pb.User(
            user_id=user_id, username=request.username, bio=request.bio, avatar_media_id=request.avatar_media_id
        )
        return auth_pb.UpdateMeResponse(user=user)


@dataclass(frozen=True, kw_only=True)
class MediaNode:
    """The running service and its fakes."""

    served: Served
    http: httpx.AsyncClient
    groups: Groups
    profiles: Profiles
    data_dir: Path
    log: MemoryLog = field(default_factory=MemoryLog)

    @property
    def rpc(self) -> MediaServiceStub:
        return MediaServiceStub(self.served.channel)

    def by(self, user_id: str) -> tuple[tuple[str, str], ...]:
        """Return metadata of a call by this user."""
        return self.served.as_user(user_id)

    def header(self, user_id: str, **more: str) -> dict[str, str]:
        """Return headers of a request by this user."""
        return {"authorization": f"Bearer {self.served.token_for(user_id)}", **more}

    async def upload(self, data: bytes, *, owner: str = ANN, step: int = 100_000, **start: Any) -> pb.Media:
        """Upload by stream."""
        return (await self.rpc.Upload(steps_of(data, step=step, **start), metadata=self.by(owner))).media

    async def rejected(self, steps: Iterable[pb.UploadRequest], *, owner: str | None = ANN) -> ChatlyError:
        """Return the error of a stream that is rejected while the client sends; without `owner` it has no token.

        Uses the blocking client: the asyncio client reports INTERNAL for any status that arrives while it writes.
        Source: https://github.com/grpc/grpc/issues/36066.
        """

        def stream() -> None:
            with grpc.insecure_channel(self.served.server.address) as channel:
                upload = channel.stream_unary(
                    "/chatly.media.v1.MediaService/Upload",
                    pb.UploadRequest.SerializeToString,
                    pb.UploadResponse.FromString,
                )
                upload(iter(steps), metadata=self.by(owner) if owner else (), timeout=20)

        with pytest.raises(grpc.RpcError) as failed:
            await asyncio.to_thread(stream)
        error: Any = failed.value
        trailing = grpc.aio.Metadata(*error.trailing_metadata())
        return error_of(grpc.aio.AioRpcError(error.code(), grpc.aio.Metadata(), trailing, error.details()))

    async def get(self, media_id: str, *, reader: str) -> pb.Media:
        return (await self.rpc.GetMedia(pb.GetMediaRequest(media_id=media_id), metadata=self.by(reader))).media

    async def download(self, media_id: str, *, reader: str = ANN, **request: Any) -> list[pb.DownloadResponse]:
        call = self.rpc.Download(pb.DownloadRequest(media_id=media_id, **request), metadata=self.by(reader))
        return [response async for response in call]

    async def send(self, *media_ids: str, chat_id: str, sender: str = ANN) -> str:
        """Append a message with these files to the log and return its id."""
        message = UUID(an_id())
        files = [event_pb2.AttachedMedia(media_id=media_id) for media_id in media_ids]
        await self._append(message, chat_id, sender, message_sent=event_pb2.MessageSent(attachments=files))
        return str(message)

    async def delete_for_everyone(
        self, message_id: str, *, chat_id: str, sender: str = ANN, stored: bool = True
    ) -> None:
        """Append a deletion to the log. With `stored`, messaging's store has it too."""
        if stored:
            self.groups.deleted.add(message_id)
        deleted = event_pb2.MessageDeleted(message_id=UUID(message_id).bytes, for_everyone=True)
        await self._append(UUID(an_id()), chat_id, sender, message_deleted=deleted)

    def kept_files(self) -> list[Path]:
        """Return all files with stored or staged bytes."""
        # Unlike Path.rglob, os.walk tolerates folders that are deleted meanwhile.
        found = os.walk(self.data_dir / "media")
        return sorted(Path(folder, name) for folder, _, names in found for name in names)

    async def _append(self, event_id: UUID, chat_id: str, actor: str, **change: Any) -> None:
        event = event_pb2.ChatEvent(event_id=event_id.bytes, chat_id=chat_id, actor_id=actor, **change)
        await self.log.append(chat_id, event.SerializeToString())


CHAT = a_direct_chat(ANN, BOB)


def steps_of(data: bytes, *, step: int = 100_000, **start: Any) -> Iterator[pb.UploadRequest]:
    """Yield an upload stream in chunks of at most `step` bytes; `start`: fields of the first step."""
    yield pb.UploadRequest(start=pb.UploadStart(**{"file_name": "file.bin", **start}))
    for at in range(0, len(data), step):
        yield pb.UploadRequest(data=data[at : at + step])


def error_of(error: grpc.aio.AioRpcError) -> ChatlyError:
    """Return the error that the service raised."""
    return from_rpc_error("media", error)


@asynccontextmanager
async def running_media(
    data_dir: Path, *, log: MemoryLog | None = None, loops: bool = True, **chosen: Any
) -> AsyncIterator[MediaNode]:
    """Run the service; `chosen`: its settings."""
    mesh, log = Mesh(), log or MemoryLog()
    groups, profiles = Groups(log), Profiles()  # type: ignore[abstract]
    async with (
        running(_peers(groups, profiles), mesh=mesh) as peers,
        a_platform(
            data_dir=data_dir,
            log=log,
            mesh=mesh,
            addresses={"messaging": peers.server.address, "auth": peers.server.address},
        ) as lent,
        open_media(MediaSettings(**chosen), lent) as service,
        running(service, mesh=mesh, loops=loops) as served,
        httpx.AsyncClient(base_url=served.http, timeout=20) as http,
    ):
        yield MediaNode(served=served, http=http, groups=groups, profiles=profiles, data_dir=data_dir, log=log)


def _peers(groups: Groups, profiles: Profiles) -> Service:
    """Build one server with both fakes."""
    return Service(
        name="peers",
        grpc_services=["chatly.messaging.v1.MessagingService", "chatly.auth.v1.UserService"],
        mount=[
            partial(add_MessagingServiceServicer_to_server, groups),
            partial(add_UserServiceServicer_to_server, profiles),
        ],
    )
