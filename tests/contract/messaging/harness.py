"""The user directory and the media library: over gRPC, and the fakes of the unit tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chatly.auth.v1 import user_service_pb2 as auth_pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer, add_UserServiceServicer_to_server
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceServicer, add_MediaServiceServicer_to_server

from kernel.grpc.context import UserCaller, caller_var
from kernel.ids import SessionId, UserId
from kernel.service import Service
from kernel.time import SystemClock
from services.messaging.adapters.grpc import GrpcMediaLibrary, GrpcUserDirectory
from services.messaging.model import MediaFile, MediaPurpose
from services.messaging.ports import MediaLibrary, UserDirectory
from services.messaging.user_blocks import CachedUserDirectory
from tests.builders import an_id
from tests.fakes import Mesh, a_platform, running
from tests.unit.messaging.harness import FakeDirectory, FakeLibrary

PURPOSES = {
    MediaPurpose.MESSAGE: media_pb.MEDIA_PURPOSE_MESSAGE,
    MediaPurpose.AVATAR: media_pb.MEDIA_PURPOSE_AVATAR,
}


@dataclass(frozen=True)
class Adapters:
    """The adapters under test, and the users and files behind them."""

    directory: UserDirectory
    library: MediaLibrary
    users: FakeDirectory
    files: FakeLibrary


class Auth(UserServiceServicer):
    """Answers from a FakeDirectory."""

    def __init__(self, users: FakeDirectory) -> None:
        self._users = users

    async def BatchGetBlocks(
        self, request: auth_pb.BatchGetBlocksRequest, context: object
    ) -> auth_pb.BatchGetBlocksResponse:
        blocks = await self._users.blocks(list(map(UserId, request.user_ids)))
        users = [auth_pb.Blocks(user_id=user, blocked_user_ids=blocked) for user, blocked in blocks.items()]
        return auth_pb.BatchGetBlocksResponse(users=users)


class Media(MediaServiceServicer):
    """Answers from a FakeLibrary."""

    def __init__(self, files: FakeLibrary) -> None:
        self._files = files

    async def GetMedia(self, request: media_pb.GetMediaRequest, context: object) -> media_pb.GetMediaResponse:
        return media_pb.GetMediaResponse(media=media_of(await self._files.media(request.media_id)))


def media_of(file: MediaFile) -> media_pb.Media:
    return media_pb.Media(
        media_id=file.media.media_id,
        owner_id=file.owner_id,
        purpose=PURPOSES[file.purpose],
        content_type=file.media.content_type,
        file_name=file.media.file_name,
        size_bytes=file.media.size_bytes,
        sha256=file.media.sha256.hex(),
        width=file.media.width,
        height=file.media.height,
        has_thumbnail=file.media.has_thumbnail,
    )


@asynccontextmanager
async def over_grpc(folder: Path, *, cached: bool) -> AsyncIterator[Adapters]:
    mesh, users, files = Mesh(), FakeDirectory(), FakeLibrary()
    service = Service(
        name="auth-and-media",
        grpc_services=["chatly.auth.v1.UserService", "chatly.media.v1.MediaService"],
        mount=[
            partial(add_UserServiceServicer_to_server, Auth(users)),  # type: ignore[abstract]
            partial(add_MediaServiceServicer_to_server, Media(files)),  # type: ignore[abstract]
        ],
    )
    async with (
        running(service, mesh=mesh) as served,
        a_platform(
            data_dir=folder, mesh=mesh, addresses=dict.fromkeys(("auth", "media"), served.server.address)
        ) as lent,
    ):
        directory: UserDirectory = GrpcUserDirectory(lent.service_channel("auth"))
        if cached:
            directory = CachedUserDirectory(directory, clock=SystemClock(), fresh=0)
        caller_var.set(a_caller(mesh))
        yield Adapters(directory, GrpcMediaLibrary(lent.user_channel("media")), users, files)


def a_caller(mesh: Mesh) -> UserCaller:
    """Return the caller whose token the library forwards."""
    user_id, session_id = an_id(), an_id()
    token = mesh.token_for(user_id, session_id=session_id)
    return UserCaller(UserId(user_id), SessionId(session_id), mesh.clock.now(), token)


@asynccontextmanager
async def in_memory() -> AsyncIterator[Adapters]:
    users, files = FakeDirectory(), FakeLibrary()
    yield Adapters(users, files, users, files)
