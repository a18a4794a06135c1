"""The load of a drill: ten users who send, one of them files, and receive."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import grpc
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message

from tests.drills.table import Shown, View
from tests.e2e.mesh import Mesh
from tests.faults.chatter import Sender
from tests.faults.crowd import Crowd, crowd
from tests.faults.history import history
from tests.faults.status_codes import UNREACHABLE
from tests.unit.media.samples import PDF
from tests.waiting import eventually

_PER_SECOND = 25
_SECONDS = 400.0
_CALL_SECONDS = 10.0
_PAUSE_SECONDS = 0.2
_FILE_EVERY_SECONDS = 1.0
# A file that was uploaded after the backup does not exist after the restore, and is uploaded again.
_NO_FILE = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION})


@dataclass(kw_only=True)
class FileSender(Sender):
    """Sends a new file with each message."""

    media: MediaServiceStub

    async def _send(self, chat_id: str, text: str) -> None:
        send, file = str(uuid4()), ""
        while True:
            try:
                file = file or await self._upload()
                request = messaging.SendMessageRequest(
                    chat_id=chat_id, client_message_id=send, text=text, media_ids=[file]
                )
                answer = await self.stub.SendMessage(request, metadata=self.person.metadata, timeout=_CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in UNREACHABLE | _NO_FILE:
                    raise
                file = "" if error.code() in _NO_FILE else file
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self.acknowledged[send] = answer.message
                return

    async def _upload(self) -> str:
        start = media.UploadStart(file_name="plan.pdf", size_bytes=len(PDF), purpose=media.MEDIA_PURPOSE_MESSAGE)

        async def steps() -> AsyncIterator[media.UploadRequest]:
            yield media.UploadRequest(start=start)
            yield media.UploadRequest(data=PDF)

        done = await self.media.Upload(steps(), metadata=self.person.metadata, timeout=_CALL_SECONDS)
        return str(done.media.media_id)


@dataclass
class Load:
    """Senders and subscribers, and the messages that were acknowledged."""

    crowd: Crowd
    silence: asyncio.Event = field(default_factory=asyncio.Event)
    sending: list[asyncio.Task[None]] = field(default_factory=list)

    def acknowledged(self) -> Mapping[str, Message]:
        """Return the messages acknowledged so far, by client_message_id."""
        return {send: message for sender in self.crowd.senders for send, message in sender.acknowledged.items()}

    async def go_on(self, number: int) -> None:
        """Wait until this many more messages are acknowledged."""
        await self.crowd.get_through(number, seconds=_SECONDS)

    async def quiet(self) -> None:
        """Stop the senders once their last messages are acknowledged."""
        self.silence.set()
        async with asyncio.timeout(_SECONDS):
            await asyncio.gather(*self.sending)

    def expect_streams(self) -> None:
        """Forget that the subscribers have caught up: the next call of `subscribed` waits for new streams."""
        for subscriber in self.crowd.subscribers:
            subscriber.caught_up.clear()

    async def subscribed(self) -> None:
        """Wait until every subscriber has caught up."""
        subscribers = self.crowd.subscribers
        await eventually(
            lambda: all(each.caught_up.is_set() for each in subscribers), "all subscribe", seconds=_SECONDS
        )

    async def received(self, messages: Mapping[str, Message]) -> None:
        """Wait until every member of their chats has received these messages live."""
        for subscriber in self.crowd.subscribers:
            chats = self.crowd.chats_of(subscriber)
            ids = {message.message_id for message in messages.values() if message.chat_id in chats}
            await eventually(partial(subscriber.has_heard, ids), "messages arrive live", seconds=_SECONDS)

    @property
    def resyncs(self) -> int:
        return sum(subscriber.resyncs for subscriber in self.crowd.subscribers)

    async def stored(self, sends: Collection[str]) -> None:
        """Wait until these messages are stored."""
        await eventually(partial(self._are_stored, set(sends)), "all messages are stored", seconds=_SECONDS)

    async def _are_stored(self, sends: set[str]) -> bool:
        try:
            return await self.stored_sends() >= sends
        except grpc.aio.AioRpcError as error:
            if error.code() not in UNREACHABLE:
                raise
            return False

    async def stored_sends(self) -> set[str]:
        """Return the client_message_id of every message that has its `seq`."""
        found: set[str] = set()
        for chat_id, (reader, *_) in self.crowd.members.items():
            messages = await history(self.crowd.stub, reader.metadata, chat_id, seconds=_CALL_SECONDS)
            found.update(message.client_message_id for message in messages if message.seq)
        return found

    async def views(self) -> Mapping[str, list[View]]:
        """Return each chat as each of its members reads it."""
        return {
            chat_id: [
                [_shown(each) for each in await history(self.crowd.stub, member.metadata, chat_id, seconds=_SECONDS)]
                for member in members
            ]
            for chat_id, members in self.crowd.members.items()
        }


@asynccontextmanager
async def load(mesh: Mesh) -> AsyncIterator[Load]:
    """Let all send and receive within the block, or until `silence` is set."""
    async with (
        crowd(mesh, messages_per_second=_PER_SECOND) as people,
        grpc.aio.insecure_channel(mesh.edge) as channel,
        asyncio.TaskGroup() as group,
    ):
        first, *others = people.senders
        files = FileSender(
            first.stub, first.person, first.chat_ids, _FILE_EVERY_SECONDS, media=MediaServiceStub(channel)
        )
        people.senders = [files, *others]
        running = Load(people)
        listening = [group.create_task(subscriber.run()) for subscriber in people.subscribers]
        await running.subscribed()
        running.sending += [group.create_task(sender.run(running.silence)) for sender in people.senders]
        try:
            yield running
        finally:
            for task in (*listening, *running.sending):
                task.cancel()


def _shown(message: Message) -> Shown:
    number = int(message.text.rpartition(" ")[2])
    return Shown(message.client_message_id, message.message_id, message.sender_id, number, message.seq)
