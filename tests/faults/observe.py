"""Reads the final state from every node: histories, unread counts, presence, files of deleted messages."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
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

from tests.faults.checker.recording import Kind, Recording
from tests.faults.checker.stored import Probe, Shown, Sighting, View
from tests.faults.history import history
from tests.faults.people import Person, Population


class Nodes(Protocol):
    """The nodes to read from, and the users."""

    def grpc(self, service: str) -> Mapping[str, str]:
        """`host:port` of each node of a service, by name, bypassing the edge."""


_CALL_SECONDS = 20.0
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.5


async def views(nodes: Nodes, population: Population) -> list[View]:
    """Return every chat for every member from every node, once the persister has numbered all messages or its time is
    over.
    """
    async with AsyncExitStack() as stack:
        stubs = {
            node: MessagingServiceStub(await stack.enter_async_context(grpc.aio.insecure_channel(address)))
            for node, address in nodes.grpc("messaging").items()
        }
        first = next(iter(stubs.values()))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for chat, person in _a_member_each(population):
            while time.monotonic() < deadline:
                if all(message.seq for message in await history(first, person.metadata, chat, seconds=_CALL_SECONDS)):
                    break
                await asyncio.sleep(_LOOK_SECONDS)
        return [
            await _view(stub, node, chat, person)
            for (node, stub), person in product(stubs.items(), population.people)
            for chat in population.chats_of(person)
        ]


def _a_member_each(population: Population) -> Iterator[tuple[str, Person]]:
    by_user = {person.user: person for person in population.people}
    return ((chat, by_user[members[0]]) for chat, members in population.chats.items())


async def _view(stub: MessagingServiceStub, node: str, chat: str, person: Person) -> View:
    request = messaging.GetChatRequest(chat_id=chat)
    asked = time.time()
    answer = await stub.GetChat(request, metadata=person.metadata, timeout=_CALL_SECONDS)
    got = answer.chat
    return View(
        chat=chat,
        member=person.user,
        node=node,
        messages=tuple(map(_shown, await history(stub, person.metadata, chat, seconds=_CALL_SECONDS))),
        unread=got.unread_count,
        read=next((member.read_message_id for member in got.members if member.user_id == person.user), ""),
        active=got.last_activity_at.ToNanoseconds() / 1e9,
        asked=asked,
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
        created=message.created_at.ToNanoseconds() / 1e9,
    )


async def sightings(nodes: Nodes, population: Population, connected: Mapping[str, bool]) -> list[Sighting]:
    """Return the presence that each node reports to an online user, once it is correct or its time is over."""
    watcher = next(person for person in population.people if connected[person.user])
    request = presence.GetPresenceRequest(user_ids=[person.user for person in population.people])
    found: list[Sighting] = []
    for node, address in nodes.grpc("presence").items():
        async with grpc.aio.insecure_channel(address) as channel:
            deadline = time.monotonic() + _PATIENCE_SECONDS / 2
            while True:
                states = await PresenceServiceStub(channel).GetPresence(
                    request, metadata=watcher.metadata, timeout=_CALL_SECONDS
                )
                online = {each.user_id: each.availability == presence.AVAILABILITY_ONLINE for each in states.presences}
                if online == connected or time.monotonic() > deadline:
                    break
                await asyncio.sleep(_LOOK_SECONDS)
        found += [
            Sighting(user=user, node=node, online=online.get(user, False), connected=there)
            for user, there in connected.items()
        ]
    return found


async def probes(nodes: Nodes, population: Population, recording: Recording, awaited: Collection[str]) -> list[Probe]:
    """Return an attempt to read each file of a deleted message at each node.

    Only the files of the messages `awaited` have time to go. The log has lost the deletions of the others.
    """
    found: list[Probe] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS / 2
    by_user = {person.user: person for person in population.people}
    for node, address in nodes.grpc("media").items():
        async with grpc.aio.insecure_channel(address) as channel:
            stub = MediaServiceStub(channel)
            for item in recording.of(Kind.DELETED):
                until = deadline if item.message in awaited else 0.0
                for file in item.media:
                    reachable = await _stays_reachable(stub, file, by_user[item.user], until)
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
        # No other error proves that the file is gone.
        return error.code() not in refused
    return bool(answers)
