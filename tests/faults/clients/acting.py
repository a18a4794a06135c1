"""Actions of a device besides listening: mostly sends; sometimes it reacts, reads, pages, deletes, or sends a file."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from uuid import UUID

import grpc
from chatly.media.v1 import media_service_pb2 as media
from chatly.messaging.v1 import messaging_service_pb2 as messaging

from tests.faults.checker.recording import Kind
from tests.faults.clients.link import Link, Request, Response, Stubs
from tests.faults.clients.listening import Listening
from tests.faults.clients.notes import Notes
from tests.faults.status_codes import LATER

_EMOJI = "👍🎉😀🔥"
_FILE = b"%PDF-1.7\n" + b"x" * 2_000
_UPLOAD_SECONDS = 5.0


class Acting:
    """Actions of one device, chosen at random. The same seed gives the same actions in the same order."""

    def __init__(self, link: Link, notes: Notes, listening: Listening, chats: Sequence[str], dice: Random) -> None:
        self._link = link
        self._notes = notes
        self._heard = listening.newest
        self._chats = chats
        self._dice = dice
        self._number = 0
        self._own: deque[tuple[str, str, tuple[str, ...]]] = deque(maxlen=50)
        self._reacted: dict[tuple[str, str], str] = {}
        """Acknowledged reactions of this device: the emoji by chat and message."""
        self._tried: set[str] = set()

    async def run(self, every_seconds: float, quiet: asyncio.Event) -> None:
        """Act until asked to be quiet, and finish the current action."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._dice.random() * every_seconds)
        while not quiet.is_set():
            due = loop.time() + every_seconds
            try:
                await self._act(self._dice.choice(self._chats))
            except grpc.aio.AioRpcError as error:
                self._notes.write(Kind.REFUSED, text=f"{error.code().name}: {error.details()}")
            await asyncio.sleep(max(0.0, due - loop.time()))
        self._notes.write(Kind.QUIET)

    async def _act(self, chat: str) -> None:
        fate = self._dice.random()
        if fate < 0.62:
            await self._send(chat)
        elif fate < 0.70:
            await self._edit()
        elif fate < 0.80:
            await self._react(chat)
        elif fate < 0.87:
            await self._read(chat)
        elif fate < 0.93:
            await self._page(chat)
        elif fate < 0.96:
            await self._share(chat)
        else:
            await self._delete()

    async def _send(self, chat: str, files: tuple[str, ...] = ()) -> None:
        self._number += 1
        send = str(UUID(int=self._dice.getrandbits(128), version=4))
        text = f"{self._notes.device} {self._number}"
        request = messaging.SendMessageRequest(chat_id=chat, client_message_id=send, text=text, media_ids=files)
        self._notes.write(Kind.SENDING, chat=chat, send=send)
        answer = await self._link.call(lambda stubs: stubs.messaging.SendMessage, request)
        self._notes.write(Kind.SENT, chat=chat, send=send, message=answer.message.message_id)
        self._own.append((chat, answer.message.message_id, files))

    async def _share(self, chat: str) -> None:
        """Upload a file in one stream. If that fails, upload all of it again later."""
        start = media.UploadStart(file_name="plan.pdf", size_bytes=len(_FILE), purpose=media.MEDIA_PURPOSE_MESSAGE)

        async def steps() -> AsyncIterator[media.UploadRequest]:
            yield media.UploadRequest(start=start)
            yield media.UploadRequest(data=_FILE)

        try:
            done = await self._link.current.media.Upload(steps(), metadata=self._link.metadata, timeout=_UPLOAD_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() not in LATER:
                raise
            return
        await self._send(chat, (done.media.media_id,))

    async def _edit(self) -> None:
        """Edit one of the last own messages; often one that was edited before. Called once: a late retry would win."""
        if not self._own:
            return
        chat, message, _ = self._dice.choice(list(self._own)[-3:])
        self._number += 1
        text = f"{self._notes.device} {self._number} edited"
        request = messaging.EditMessageRequest(chat_id=chat, message_id=message, text=text)
        self._notes.write(Kind.EDITING, chat=chat, message=message, text=text)
        if await self._once(lambda stubs: stubs.messaging.EditMessage, request) is not None:
            self._notes.write(Kind.EDITED, chat=chat, message=message, text=text)

    async def _react(self, chat: str) -> None:
        """Add a reaction, or take one back."""
        if self._reacted and self._dice.random() < 0.4:
            (chat, message), emoji = self._dice.choice(list(self._reacted.items()))
            del self._reacted[chat, message]
        else:
            fresh = [message for message in self._heard[chat] if message not in self._tried]
            if not fresh:
                return
            message, emoji = self._dice.choice(fresh), self._dice.choice(_EMOJI)
            self._tried.add(message)
        request = messaging.ToggleReactionRequest(chat_id=chat, message_id=message, emoji=emoji)
        self._notes.write(Kind.REACTING, chat=chat, message=message, emoji=emoji)
        answer = await self._once(lambda stubs: stubs.messaging.ToggleReaction, request)
        if answer is not None:
            self._notes.write(Kind.REACTED, chat=chat, message=message, emoji=emoji, present=answer.present)
            if answer.present:
                self._reacted[chat, message] = emoji

    async def _once(
        self, method: Callable[[Stubs], grpc.aio.UnaryUnaryMultiCallable[Request, Response]], request: Request
    ) -> Response | None:
        """Call without a retry, because a second call has another effect. Return None if the outcome is unclear."""
        try:
            return await self._link.call(method, request, again=False)
        except grpc.aio.AioRpcError as error:
            # The message may have just been deleted or withdrawn.
            if error.code() not in {*LATER, grpc.StatusCode.NOT_FOUND}:
                raise
            return None

    async def _read(self, chat: str) -> None:
        if not self._heard[chat]:
            return
        message = self._heard[chat][-1]
        request = messaging.MarkReadRequest(chat_id=chat, message_id=message)
        try:
            await self._link.call(lambda stubs: stubs.messaging.MarkRead, request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return
        self._notes.write(Kind.READ, chat=chat, message=message)

    async def _page(self, chat: str) -> None:
        asked = time.time()
        request = messaging.ListMessagesRequest(chat_id=chat, page_size=50)
        try:
            # A second attempt would be another page, requested at another time.
            page = await self._link.call(lambda stubs: stubs.messaging.ListMessages, request, again=False)
        except grpc.aio.AioRpcError as error:
            if error.code() not in LATER:
                raise
            return
        shown = tuple(item.message_id for item in page.messages if not item.deleted_for_everyone)
        empty = tuple(item.message_id for item in page.messages if item.deleted_for_everyone)
        self._notes.write(Kind.PAGED, at=asked, took=time.time() - asked, chat=chat, shown=shown, empty=empty)

    async def _delete(self) -> None:
        """Prefer a message with a file."""
        if not self._own:
            return
        chosen = next((own for own in self._own if own[2]), self._own[0])
        self._own.remove(chosen)
        chat, message, files = chosen
        request = messaging.DeleteMessageRequest(
            chat_id=chat, message_id=message, scope=messaging.DELETE_SCOPE_FOR_EVERYONE
        )
        self._notes.write(Kind.DELETING, chat=chat, message=message, media=files)
        try:
            await self._link.call(lambda stubs: stubs.messaging.DeleteMessage, request)
        except grpc.aio.AioRpcError as error:
            # It was a second copy, which has been withdrawn.
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return
        self._notes.write(Kind.DELETED, chat=chat, message=message, media=files)
