"""Asks every node what it has, once all is quiet: histories, unread, presence, files of deleted messages."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import product
from typing import Protocol

import grpc
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from tests.faults.checker.journal import Journal, Kind
from tests.faults.checker.stored import Probe, Shown, Sighting, View
from tests.faults.history import history
from tests.faults.people import Person, Town


class Nodes(Protocol):
    """What can be asked."""

    def grpc(self, service: str) -> Mapping[str, str]:
        """`host:port` of each node of a service, by name, past the edge."""


_CALL_SECONDS = 20.0
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.5


async def views(nodes: Nodes, town: Town) -> list[View]:
    """Every chat for every member by every node, once the persister has numbered all of it, or has had its time."""
    async with AsyncExitStack() as stack:
        stubs = {
            node: MessagingServiceStub(await stack.enter_async_context(grpc.aio.insecure_channel(address)))
            for node, address in nodes.grpc("messaging").items()
        }
        first = next(iter(stubs.values()))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for chat, person in _a_member_each(town):
            while time.monotonic() < deadline:
                if all(message.seq for message in await history(first, person.metadata, chat, seconds=_CALL_SECONDS)):
                    break
                await asyncio.sleep(_LOOK_SECONDS)
        return [
            await _view(stub, node, chat, person)
            for (node, stub), person in product(stubs.items(), town.people)
            for chat in town.chats_of(person)
        ]


def _a_member_each(town: Town) -> Iterator[tuple[str, Person]]:
    by_user = {person.user: person for person in town.people}
    return ((chat, by_user[members[0]]) for chat, members in town.chats.items())


async def _view(stub: MessagingServiceStub, node: str, chat: str, person: Person) -> View:
    request = messaging.GetChatRequest(chat_id=chat)
    answer = await stub.GetChat(request, metadata=person.metadata, timeout=_CALL_SECONDS)
    told = answer.chat
    return View(
        chat=chat,
        member=person.user,
        node=node,
        messages=tuple(map(_shown, await history(stub, person.metadata, chat, seconds=_CALL_SECONDS))),
        unread=told.unread_count,
        read=next((member.read_message_id for member in told.members if member.user_id == person.user), ""),
    )


def _shown(message: Message) -> Shown:
    return Shown(
        message=message.message_id,
        sender=message.sender_id,
        send=message.client_message_id,
        seq=message.seq,
        text=message.text,
        deleted=message.deleted_for_everyone,
        reactions=frozenset((reaction.user_id, reaction.emoji) for reaction in message.reactions),
        media=tuple(attachment.media_id for attachment in message.attachments),
    )


async def sightings(nodes: Nodes, town: Town, connected: Mapping[str, bool]) -> list[Sighting]:
    """What each node of presence tells somebody who is there, once it is right, or has had its time."""
    watcher = next(person for person in town.people if connected[person.user])
    request = presence.GetPresenceRequest(user_ids=[person.user for person in town.people])
    found: list[Sighting] = []
    for node, address in nodes.grpc("presence").items():
        async with grpc.aio.insecure_channel(address) as channel:
            deadline = time.monotonic() + _PATIENCE_SECONDS / 2
            while True:
                told = await PresenceServiceStub(channel).GetPresence(
                    request, metadata=watcher.metadata, timeout=_CALL_SECONDS
                )
                online = {each.user_id: each.availability == presence.AVAILABILITY_ONLINE for each in told.presences}
                if online == connected or time.monotonic() > deadline:
                    break
                await asyncio.sleep(_LOOK_SECONDS)
        found += [
            Sighting(user=user, node=node, online=online.get(user, False), connected=there)
            for user, there in connected.items()
        ]
    return found


async def probes(nodes: Nodes, town: Town, journal: Journal) -> list[Probe]:
    """Each file of a deleted message, asked for by a member at each node, until it is gone, or it had its time."""
    found: list[Probe] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS / 2
    by_user = {person.user: person for person in town.people}
    for node, address in nodes.grpc("media").items():
        async with grpc.aio.insecure_channel(address) as channel:
            stub = MediaServiceStub(channel)
            for item in journal.of(Kind.DELETED):
                for file in item.media:
                    reachable = await _stays_reachable(stub, file, by_user[item.user], deadline)
                    found.append(Probe(media=file, message=item.message, node=node, reachable=reachable))
    return found


async def _stays_reachable(stub: MediaServiceStub, file: str, person: Person, deadline: float) -> bool:
    while await _is_reachable(stub, file, person):
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(_LOOK_SECONDS)
    return False


async def _is_reachable(stub: MediaServiceStub, file: str, person: Person) -> bool:
    try:
        request = media.DownloadRequest(media_id=file)
        call = stub.Download(request, metadata=person.metadata, timeout=_CALL_SECONDS)
        answers = [answer async for answer in call]
    except grpc.aio.AioRpcError as error:
        refused = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}
        # Whatever else it is, it is no proof that the file is gone.
        return error.code() not in refused
    return bool(answers)
