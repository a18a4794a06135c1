"""Learns from the event log which chats files were sent to, and which messages were deleted with theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from kernel.log.ports import LogConsumer
from kernel.retry import Backoff, retry
from kernel.telemetry.logs import logger
from services.media.model import LogChange
from services.media.ports import SentFiles
from services.media.remove_bytes import RemoveBytes

T = TypeVar("T")
GROUP = "media"
_MAX_RECORDS = 500
_WAIT_SECONDS = 5.0
_LINGER_SECONDS = 0.1
_BACKOFF = Backoff(first=1.0, longest=1.0)


class FollowLog:
    """Applies the log to SentFiles, and says how current that is (LogNews)."""

    def __init__(
        self,
        *,
        consumer: LogConsumer,
        decode: Callable[[bytes], LogChange | None],
        sent: SentFiles,
        remove_bytes: RemoveBytes,
    ) -> None:
        """`decode`: what a record means to files; None if nothing."""
        self._consumer = consumer
        self._decode = decode
        self._sent = sent
        self._remove_bytes = remove_bytes
        self._news = asyncio.Event()
        self._log = logger("media")

    async def run(self) -> None:
        """For ever. An unavailable log or store is waited for."""
        while True:
            await self._step()
            # What is said meanwhile is read and committed together: the log has more urgent things to do.
            await asyncio.sleep(_LINGER_SECONDS)

    async def is_behind(self) -> bool:
        lag = await self._consumer.lag()
        # A member that was given no partition, or has not read yet, knows nothing.
        return not lag or any(lag.values())

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _step(self) -> None:
        records = await self._patiently(lambda: self._consumer.fetch(max_records=_MAX_RECORDS, wait=_WAIT_SECONDS))
        if not records:
            return
        changes = [change for record in records if (change := self._decode(record.value)) is not None]
        # Also when there are none, so that one place decides.
        deleted = await self._patiently(lambda: self._sent.apply(changes))
        done = {record.position.partition: record.position.offset for record in records}
        await self._patiently(lambda: self._consumer.commit(done))
        self._spread_the_news()
        if deleted:
            await self._patiently(self._remove_bytes)

    def _spread_the_news(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        return await retry(step, report=self._report, backoff=_BACKOFF)

    def _report(self, error: Exception) -> None:
        self._log.warning("the log or the store is unavailable, trying again", error=str(error))
