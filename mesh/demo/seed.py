"""Puts the demo into a running mesh, as its people would: through the public API. Again adds nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID, uuid5

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1 import user_service_pb2 as users
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import message_pb2 as messages
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from PIL import Image, ImageDraw, ImageFont

from mesh.demo.script import PASSWORD, PEOPLE, Line, Person, Talk, talks

_NAMES = UUID("6f7c1f8e-6b0d-4c52-9c50-4a5a63e0d3a5")
_PICTURE_PIXELS = 256


@dataclass(frozen=True, slots=True)
class Channels:
    """Where the services are."""

    auth: grpc.aio.Channel
    messaging: grpc.aio.Channel
    media: grpc.aio.Channel


@dataclass(frozen=True, slots=True)
class _Member:
    user_id: str
    metadata: tuple[tuple[str, str], ...]


async def seed(channels: Channels, say: Callable[[str], None]) -> None:
    """Make the people, then the chats; `say` hears of the progress."""
    members = {}
    for person in PEOPLE:
        members[person.name] = await _person(channels, person)
        say(f"{person.name}: {email_of(person)}")
    for number, talk in enumerate(talks()):
        await _talk(channels, talk, number, members)
        say(f"{talk.title or ' and '.join(talk.members)}: {len(talk.lines)} messages")


def email_of(person: Person) -> str:
    """The address to log in with."""
    plain = person.name.lower().translate(str.maketrans("áéíóú", "aeiou"))
    return f"{plain}@demo.example"


async def _person(channels: Channels, person: Person) -> _Member:
    stub = AuthServiceStub(channels.auth)
    try:
        await stub.Register(auth.RegisterRequest(username=person.name, email=email_of(person), password=PASSWORD))
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    session = await stub.Login(auth.LoginRequest(email=email_of(person), password=PASSWORD, device_name="demo"))
    member = _Member(session.user_id, (("authorization", f"Bearer {session.token}"),))
    people = UserServiceStub(channels.auth)
    profile = (await people.GetMe(users.GetMeRequest(), metadata=member.metadata)).user
    if not profile.avatar_media_id:
        picture = await _upload_picture(channels, person, member)
        await people.UpdateMe(users.UpdateMeRequest(bio=person.bio, avatar_media_id=picture), metadata=member.metadata)
    return member


async def _upload_picture(channels: Channels, person: Person, member: _Member) -> str:
    drawn = await asyncio.to_thread(_draw, person)
    start = media.UploadStart(file_name=f"{person.name}.png", size_bytes=len(drawn), purpose=media.MEDIA_PURPOSE_AVATAR)

    async def steps() -> AsyncIterator[media.UploadRequest]:
        yield media.UploadRequest(start=start)
        yield media.UploadRequest(data=drawn)

    uploaded = await MediaServiceStub(channels.media).Upload(steps(), metadata=member.metadata)
    return uploaded.media.media_id


def _draw(person: Person) -> bytes:
    """The first letter of the name on a plain ground, as PNG."""
    image = Image.new("RGB", (_PICTURE_PIXELS, _PICTURE_PIXELS), person.colour)
    middle = _PICTURE_PIXELS / 2
    font = ImageFont.load_default(_PICTURE_PIXELS * 0.55)
    ImageDraw.Draw(image).text((middle, middle), person.name[0], fill="white", font=font, anchor="mm")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def _talk(channels: Channels, talk: Talk, number: int, members: Mapping[str, _Member]) -> None:
    stub = MessagingServiceStub(channels.messaging)
    chat_id = await _chat(stub, talk, number, members)
    sent: list[messages.Message] = []
    for at, line in enumerate(talk.lines):
        answered = sent[line.answers].message_id if line.answers is not None else ""
        request = messaging.SendMessageRequest(
            chat_id=chat_id,
            client_message_id=str(uuid5(_NAMES, f"{number}/{at}/{chat_id}")),
            text=line.text,
            reply_to_message_id=answered,
        )
        reply = await stub.SendMessage(request, metadata=members[line.by].metadata)
        sent.append(reply.message)
    for line, message in zip(talk.lines, sent, strict=True):
        await _react(stub, line, message, members)


async def _chat(stub: MessagingServiceStub, talk: Talk, number: int, members: Mapping[str, _Member]) -> str:
    ids = [members[name].user_id for name in talk.members]
    if not talk.title:
        return "_".join(sorted(ids))
    owner, *others = talk.members
    request = messaging.CreateGroupRequest(
        client_group_id=str(uuid5(_NAMES, f"group {number}")),
        title=talk.title,
        description=talk.about,
        member_ids=[members[name].user_id for name in others],
    )
    reply = await stub.CreateGroup(request, metadata=members[owner].metadata)
    return reply.chat.chat_id


async def _react(
    stub: MessagingServiceStub, line: Line, message: messages.Message, members: Mapping[str, _Member]
) -> None:
    """Toggling twice would take it away: only what is not there yet is put."""
    chosen = messaging.ListReactionsRequest(chat_id=message.chat_id, message_id=message.message_id)
    for emoji, name in line.reactions:
        member = members[name]
        there = await stub.ListReactions(chosen, metadata=member.metadata)
        if not any(r.user_id == member.user_id and r.emoji == emoji for r in there.reactions):
            request = messaging.ToggleReactionRequest(
                chat_id=message.chat_id, message_id=message.message_id, emoji=emoji
            )
            await stub.ToggleReaction(request, metadata=member.metadata)
