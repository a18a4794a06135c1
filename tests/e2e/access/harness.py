"""Users and their private data, which strangers try to reach."""

from dataclasses import dataclass
from uuid import uuid4

import grpc
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people, rest
from tests.e2e.rest.talk import upload
from tests.unit.media.samples import PDF


@dataclass(frozen=True, slots=True)
class OwnedChat:
    """A chat with one message, which has a file."""

    chat_id: str
    message_id: str
    media_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A group of three and a direct chat of two of them. `removed` is a former member; `stranger` never was one."""

    owner: Person
    member: Person
    removed: Person
    stranger: Person
    group: OwnedChat
    direct: OwnedChat
    upload_id: str
    """Created by `owner`."""


async def owned_data(mesh: Mesh) -> Owned:
    owner, member, removed, stranger = await people(mesh, "owner", "member", "removed", "stranger")
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        stub = MessagingServiceStub(channel)
        group_id = await _a_group(stub, owner, member, removed)
        group = await _a_place(mesh, stub, owner, group_id)
        direct = await _a_place(mesh, stub, owner, owner.chat_with(member))
        gone = messaging.RemoveMemberRequest(chat_id=group_id, user_id=removed.user_id)
        await stub.RemoveMember(gone, metadata=owner.metadata)
        start = media.UploadStart(file_name="paper.pdf", size_bytes=len(PDF))
        begun = await MediaServiceStub(channel).CreateUpload(
            media.CreateUploadRequest(start=start), metadata=owner.metadata
        )
    return Owned(
        owner=owner,
        member=member,
        removed=removed,
        stranger=stranger,
        group=group,
        direct=direct,
        upload_id=begun.upload_id,
    )


async def _a_group(stub: MessagingServiceStub, owner: Person, *members: Person) -> str:
    request = messaging.CreateGroupRequest(
        client_group_id=str(uuid4()), title="Ours", member_ids=[member.user_id for member in members]
    )
    return (await stub.CreateGroup(request, metadata=owner.metadata)).chat.chat_id


async def _a_place(mesh: Mesh, stub: MessagingServiceStub, owner: Person, chat_id: str) -> OwnedChat:
    async with rest(mesh) as client:
        file = await upload(client, owner, "paper.pdf", PDF)
    request = messaging.SendMessageRequest(
        chat_id=chat_id, client_message_id=str(uuid4()), text="ours", media_ids=[file["media_id"]]
    )
    sent = await stub.SendMessage(request, metadata=owner.metadata)
    return OwnedChat(chat_id, sent.message.message_id, file["media_id"])
