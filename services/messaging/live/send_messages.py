"""SendMessages: many sends on one stream. Results come in the order of the requests; the rate per user is limited."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from history.model import Message
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import UserId
from kernel.locks import KeyedLock
from kernel.rates import Buckets, Rate
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.messaging.authorizer import chat_named
from services.messaging.model import Draft

MAX_UNANSWERED = 256
_BURST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One send of a stream, or the error that makes it invalid."""

    client_message_id: str
    draft: Draft | ChatlyError


@dataclass(frozen=True, slots=True)
class SendResult:
    """The message that a send created or found, or the error with which the send failed."""

    client_message_id: str
    outcome: Message | ChatlyError


class Send(Protocol):
    """The use case that also serves the unary SendMessage."""

    async def __call__(self, draft: Draft, *, sender: UserId) -> Message: ...


class SendRate:
    """Limits the rate of a user's sends over all their streams on this node. Sends above it are delayed, never
    rejected.
    """

    def __init__(self, *, clock: Clock, per_second: float) -> None:
        """`per_second`: sends per second; 0 means no limit. A user may start a burst of one second's sends without
        delay.
        """
        self._rate = Rate(per_second * _BURST_SECONDS, _BURST_SECONDS) if per_second else None
        self._buckets: Buckets[UserId] = Buckets(clock=clock)

    def wait(self, user_id: UserId) -> float:
        """Count one more send; return the seconds to wait before it."""
        return self._buckets.take_anyway(user_id, self._rate) if self._rate else 0.0


class SendMessages:
    """Runs sends to different chats concurrently, and sends to one chat one by one in the order of arrival."""

    def __init__(self, *, send: Send, rate: SendRate, max_unanswered: int = MAX_UNANSWERED) -> None:
        self._send = send
        self._rate = rate
        self._max_unanswered = max_unanswered
        self._log = logger("messaging")

    async def __call__(
        self, requests: AsyncIterator[SendRequest], *, sender: UserId
    ) -> AsyncGenerator[SendResult, None]:
        """Yield one result per request. Stop reading while `max_unanswered` requests are unanswered or the rate is
        exceeded.
        """
        unanswered = asyncio.Semaphore(self._max_unanswered)
        results: asyncio.Queue[asyncio.Task[SendResult] | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(requests, sender, unanswered, results))
        try:
            while (result := await results.get()) is not None:
                yield await result
                unanswered.release()
            await reading
        finally:
            pending = [results.get_nowait() for _ in range(results.qsize())]
            await _cancel([reading, *filter(None, pending)])

    async def _read(
        self,
        requests: AsyncIterator[SendRequest],
        sender: UserId,
        unanswered: asyncio.Semaphore,
        results: "asyncio.Queue[asyncio.Task[SendResult] | None]",
    ) -> None:
        chats = KeyedLock()
        try:
            await unanswered.acquire()
            async for request in requests:
                if wait := self._rate.wait(sender):
                    await asyncio.sleep(wait)
                results.put_nowait(asyncio.create_task(self._answer(request, sender, chats)))
                await unanswered.acquire()
        finally:
            results.put_nowait(None)

    async def _answer(self, request: SendRequest, sender: UserId, chats: KeyedLock) -> SendResult:
        if isinstance(request.draft, ChatlyError):
            return SendResult(request.client_message_id, request.draft)
        try:
            async with chats.hold(chat_named(request.draft.chat, sender)):
                return SendResult(request.client_message_id, await self._send(request.draft, sender=sender))
        except ChatlyError as error:
            return SendResult(request.client_message_id, error)
        except Exception:  # noqa: BLE001 - one send must not end the others
            self._log.exception("a send of a stream failed")
            failure = ChatlyError(Code.INTERNAL, KernelReason.INTERNAL, "internal error: send this message again")
            return SendResult(request.client_message_id, failure)


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
