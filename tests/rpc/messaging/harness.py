"""A running messaging service, with fakes of auth and media behind real gRPC servers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from chatly.auth.v1 import user_service_pb2 as auth_pb
from chatly.auth.v1.user_service_pb2_grpc import UserServiceServicer, add_UserServiceServicer_to_server
from chatly.media.v1 import media_service_pb2 as media_pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceServicer, add_MediaServiceServicer_to_server
from chatly.messaging.v1 import message_pb2
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from history.open import open_history
from kernel.bus.ports import LiveBus
from kernel.errors import Reason, denied, not_found
from kernel.grpc.context import current_user
from kernel.service import Service
from services.media.errors import MediaReason
from services.messaging.errors import MessagingReason
from services.messaging.settings import MessagingSettings
from services.messaging.wiring import open_messaging
from tests.builders import an_id
from tests.fakes import MemoryLog, Mesh, Served, a_platform, running
from tests.problems import rpc_reason

ANN, BOB, CID, EVE = sorted(an_id() for _ in range(4))
"""EVE is in no chat."""


class FakeAuth(UserServiceServicer):
    """The four users, and the blocks that a test sets."""

    def __init__(self) -> None:
        self.blocks: dict[str, set[str]] = {user: set() for user in (ANN, BOB, CID, EVE)}

    async def BatchGetBlocks(
        self, request: auth_pb.BatchGetBlocksRequest, context: object
    ) -> auth_pb.BatchGetBlocksResponse:
        known = [user for user in request.user_ids if user in self.blocks]
        return auth_pb.BatchGetBlocksResponse(
            users=[auth_pb.Blocks(user_id=user, blocked_user_ids=self.blocks[user]) for user in known]
        )


class FakeMedia(MediaServiceServicer):
    """Files that only their owners may read."""

    def __init__(self) -> None:
        self.files: dict[str, media_pb.Media] = {}

    def add(self, owner: str, **fields: Any) -> str:
        media = media_pb.Media(
            **{
                "media_id": an_id(),
                "owner_id": owner,
                "purpose": media_pb.MEDIA_PURPOSE_MESSAGE,
                "content_type": "image/png",
                "file_name": "dot.png",
                "size_bytes": 67,
                "sha256": "ab" * 32,
                **fields,
            }
        )
        self.files[media.media_id] = media
        return media.media_id

    async def GetMedia(self, request: media_pb.GetMediaRequest, context: object) -> media_pb.GetMediaResponse:
        media = self.files.get(request.media_id)
        if media is None:
            raise not_found(MediaReason.MEDIA_NOT_FOUND, "file not found")
        if media.owner_id != current_user().user_id:
            raise denied(MessagingReason.MEDIA_FORBIDDEN, "not your file")
        return media_pb.GetMediaResponse(media=media)


@dataclass(frozen=True, kw_only=True)
class Harness:
    """The running service, with the fakes and the log that a test may change."""

    served: Served
    auth: FakeAuth
    media: FakeMedia
    log: MemoryLog = field(default_factory=MemoryLog)

    @property
    def stub(self) -> MessagingServiceStub:
        return MessagingServiceStub(self.served.channel)

    def by(self, user_id: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a call by this user."""
        return self.served.as_user(user_id)

    async def send(self, sender: str, **request: Any) -> message_pb2.Message:
        """Send to `user_id=` or `chat_id=`; by default "hello" with a new client_message_id."""
        whole = pb.SendMessageRequest(**{"client_message_id": an_id(), "text": "hello", **request})
        return (await self.stub.SendMessage(whole, metadata=self.by(sender))).message

    async def list(self, viewer: str, **request: Any) -> pb.ListMessagesResponse:
        return await self.stub.ListMessages(pb.ListMessagesRequest(**request), metadata=self.by(viewer))

    async def a_group(self, owner: str, *others: str, **request: Any) -> message_pb2.Chat:
        whole = pb.CreateGroupRequest(
            **{"client_group_id": an_id(), "title": "Friends", "member_ids": others, **request}
        )
        return (await self.stub.CreateGroup(whole, metadata=self.by(owner))).chat


def between(one: str, other: str) -> str:
    """Return the id of the 1:1 chat of two users."""
    return "_".join(sorted((one, other)))


@contextmanager
def refused(reason: Reason, code: grpc.StatusCode) -> Iterator[None]:
    """Assert that the call in the block fails with this status and reason."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield
    assert (rpc_reason(caught.value), caught.value.code()) == (reason, code)


@asynccontextmanager
async def open_harness(
    data_dir: Path,
    *,
    log: MemoryLog | None = None,
    bus: LiveBus | None = None,
    reachable: tuple[str, ...] = ("auth", "media"),
) -> AsyncIterator[Harness]:
    """`reachable`: services that messaging can reach."""
    mesh, log, auth, media = Mesh(), log or MemoryLog(), FakeAuth(), FakeMedia()  # type: ignore[abstract]
    async with (
        running(_auth_and_media(auth, media), mesh=mesh) as other_services,
        a_platform(
            data_dir=data_dir,
            log=log,
            bus=bus,
            mesh=mesh,
            addresses=dict.fromkeys(reachable, other_services.server.address),
            name="messaging",
        ) as lent,
        open_history(data_dir) as history,
        open_messaging(MessagingSettings(blocks_seconds=0), lent, history) as service,
        running(service, mesh=mesh) as served,
    ):
        yield Harness(served=served, auth=auth, media=media, log=log)


def _auth_and_media(auth: FakeAuth, media: FakeMedia) -> Service:
    """Return both in one server."""
    return Service(
        name="auth-and-media",
        grpc_services=["chatly.auth.v1.UserService", "chatly.media.v1.MediaService"],
        mount=[
            partial(add_UserServiceServicer_to_server, auth),
            partial(add_MediaServiceServicer_to_server, media),
        ],
    )
