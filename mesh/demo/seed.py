"""`chatly seed-demo`: fills a running mesh through its edge, as clients would. A second run adds nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TypeVar
from urllib.parse import urlsplit
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

from kernel.settings import load
from mesh.addresses import LOOPBACK
from mesh.demo.script import PASSWORD, PEOPLE, Line, Person, Talk, talks
from mesh.edge.settings import EdgeSettings
from mesh.running import find_running
from mesh.settings import ProcessSettings

T = TypeVar("T")
_NAMES = UUID("6f7c1f8e-6b0d-4c52-9c50-4a5a63e0d3a5")
_PICTURE_PIXELS = 256
_RETRY_SECONDS = 1.0
_ATTEMPTS = 70
"""Maximum number of attempts. The attempts last more than a minute, because the edge counts logins per minute."""


@dataclass(frozen=True, slots=True)
class _Member:
    user_id: str
    metadata: tuple[tuple[str, str], ...]


async def seed_demo(environ: Mapping[str, str], address: str, say: Callable[[str], None]) -> int:
    """Fill the mesh behind the edge at `address`. If `address` is empty, fill the mesh that runs on this data folder.

    Return exit code 0, or 1 if the mesh is unreachable or rejects a call.
    """
    address = address or _edge_here(environ)
    say(f"Filling the mesh at {address}.")
    async with _channel(address) as edge:
        try:
            await _seed(edge, say)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                say(f"No answer at {address}: start a mesh with `make run`, or name its edge with --address.")
            else:
                say(f"The mesh rejected a call: {error.details()}")
            return 1
    say(f"Done. Log in as any of them; the password of all is {PASSWORD!r}.")
    return 0


def _edge_here(environ: Mapping[str, str]) -> str:
    running = find_running(load(ProcessSettings, environ).data_dir)
    edge = load(EdgeSettings, {**(running.settings() if running else {}), **environ})
    return f"http://{LOOPBACK if edge.host in {'0.0.0.0', '::'} else edge.host}:{edge.port}"


def _channel(address: str) -> grpc.aio.Channel:
    url = urlsplit(address if "//" in address else f"http://{address}")
    if url.scheme == "https":
        return grpc.aio.secure_channel(f"{url.hostname}:{url.port or 443}", grpc.ssl_channel_credentials())
    return grpc.aio.insecure_channel(f"{url.hostname}:{url.port or 80}", [("grpc.enable_http_proxy", 0)])


async def _within_limits(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call while the edge's rate limits reject it."""
    for _ in range(_ATTEMPTS):
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            await asyncio.sleep(_RETRY_SECONDS)
    return await call()


async def _seed(edge: grpc.aio.Channel, say: Callable[[str], None]) -> None:
    members = {}
    for person in PEOPLE:
        members[person.name] = await _person(edge, person)
        say(f"{person.name}: {email_of(person)}")
    for number, talk in enumerate(talks()):
        await _talk(edge, talk, number, members)
        say(f"{talk.title or ' and '.join(talk.members)}: {len(talk.lines)} messages")


def email_of(person: Person) -> str:
    """Return the e-mail address with which a person logs in."""
    plain = person.name.lower().translate(str.maketrans("áéíóú", "aeiou"))
    return f"{plain}@demo.example"


async def _person(edge: grpc.aio.Channel, person: Person) -> _Member:
    stub = AuthServiceStub(edge)
    account = auth.RegisterRequest(username=person.name, email=email_of(person), password=PASSWORD)
    try:
        await _within_limits(lambda: stub.Register(account))
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    login = auth.LoginRequest(email=email_of(person), password=PASSWORD, device_name="demo")
    session = await _within_limits(lambda: stub.Login(login))
    member = _Member(session.user_id, (("authorization", f"Bearer {session.token}"),))
    people = UserServiceStub(edge)
    profile = (await people.GetMe(users.GetMeRequest(), metadata=member.metadata)).user
    if not profile.avatar_media_id:
        picture = await _upload_picture(edge, person, member)
        await people.UpdateMe(users.UpdateMeRequest(bio=person.bio, avatar_media_id=picture), metadata=member.metadata)
    return member


async def _upload_picture(edge: grpc.aio.Channel, person: Person, member: _Member) -> str:
    drawn = await asyncio.to_thread(_draw, person)
    start = media.UploadStart(file_name=f"{person.name}.png", size_bytes=len(drawn), purpose=media.MEDIA_PURPOSE_AVATAR)

    async def steps() -> AsyncIterator[media.UploadRequest]:
        yield media.UploadRequest(start=start)
        yield media.UploadRequest(data=drawn)

    uploaded = await MediaServiceStub(edge).Upload(steps(), metadata=member.metadata)
    return uploaded.media.media_id


def _draw(person: Person) -> bytes:
    """Return a PNG of the name's first letter on a plain background."""
    image = Image.new("RGB", (_PICTURE_PIXELS, _PICTURE_PIXELS), person.colour)
    middle = _PICTURE_PIXELS / 2
    font = ImageFont.load_default(_PICTURE_PIXELS * 0.55)
    ImageDraw.Draw(image).text((middle, middle), person.name[0], fill="white", font=font, anchor="mm")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


async def _talk(edge: grpc.aio.Channel, talk: Talk, number: int, members: Mapping[str, _Member]) -> None:
    stub = MessagingServiceStub(edge)
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
        reply = await _within_limits(partial(stub.SendMessage, request, metadata=members[line.by].metadata))
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
    """Add the reactions that are missing. Toggling an existing reaction would remove it."""
    chosen = messaging.ListReactionsRequest(chat_id=message.chat_id, message_id=message.message_id)
    for emoji, name in line.reactions:
        member = members[name]
        there = await stub.ListReactions(chosen, metadata=member.metadata)
        if not any(r.user_id == member.user_id and r.emoji == emoji for r in there.reactions):
            request = messaging.ToggleReactionRequest(
                chat_id=message.chat_id, message_id=message.message_id, emoji=emoji
            )
            await stub.ToggleReaction(request, metadata=member.metadata)
