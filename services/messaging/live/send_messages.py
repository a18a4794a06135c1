"""SendMessages: many sends on one stream, each answered in the order of arrival."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from history.model import Message
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import UserId
from kernel.locks import KeyedLock
from services.messaging.live.send_rate import SendRate
from services.messaging.model import Draft

MAX_UNANSWERED = 256


@dataclass(frozen=True, slots=True)
class Ask:
    """One send of a stream, or what is wrong with it."""

    client_message_id: str
    draft: Draft | ChatlyError


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one send."""

    client_message_id: str
    result: Message | ChatlyError


class Send(Protocol):
    """The use case of the unary call."""

    async def __call__(self, draft: Draft, *, sender: UserId) -> Message: ...


class SendMessages:
    """Sends to different chats go side by side; those to one chat in the order of arrival, so that they stay in it."""

    def __init__(self, *, send: Send, rate: SendRate, max_unanswered: int = MAX_UNANSWERED) -> None:
        self._send = send
        self._rate = rate
        self._max_unanswered = max_unanswered
        self._log = structlog.stdlib.get_logger("chatly.live")

    async def __call__(self, asks: AsyncIterator[Ask], *, sender: UserId) -> AsyncGenerator[Answer, None]:
        """One answer for each ask; none is read while `max_unanswered` wait for theirs, or the sender is too fast."""
        room = asyncio.Semaphore(self._max_unanswered)
        answers: asyncio.Queue[asyncio.Task[Answer] | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(asks, sender, room, answers))
        try:
            while (answer := await answers.get()) is not None:
                yield await answer
                room.release()
            await reading
        finally:
            unanswered = [answers.get_nowait() for _ in range(answers.qsize())]
            await _cancel([reading, *filter(None, unanswered)])

    async def _read(
        self,
        asks: AsyncIterator[Ask],
        sender: UserId,
        room: asyncio.Semaphore,
        answers: "asyncio.Queue[asyncio.Task[Answer] | None]",
    ) -> None:
        locks = KeyedLock()
        try:
            await room.acquire()
            async for ask in asks:
                if wait := self._rate.wait(sender):
                    await asyncio.sleep(wait)
                answers.put_nowait(asyncio.create_task(self._answer(ask, sender, locks)))
                await room.acquire()
        finally:
            answers.put_nowait(None)

    async def _answer(self, ask: Ask, sender: UserId, locks: KeyedLock) -> Answer:
        if isinstance(ask.draft, ChatlyError):
            return Answer(ask.client_message_id, ask.draft)
        try:
            async with locks.hold(ask.draft.chat):
                return Answer(ask.client_message_id, await self._send(ask.draft, sender=sender))
        except ChatlyError as error:
            return Answer(ask.client_message_id, error)
        except Exception:  # noqa: BLE001 - one send must not end the others
            self._log.exception("a send of a stream failed")
            failure = ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, "internal error; this send may be tried again")
            return Answer(ask.client_message_id, failure)


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
