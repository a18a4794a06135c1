"""Gives up uploads that nobody went on with, and deletes files that nobody sent."""

import asyncio
from datetime import timedelta

import structlog

from kernel.errors import ChatlyError
from kernel.locks import KeyedLock
from kernel.time import Clock
from services.media.give_up_upload import GiveUpUpload
from services.media.ports import LogNews, SentFiles, UploadStore
from services.media.remove_bytes import RemoveBytes

_BATCH = 100


class CollectGarbage:
    """Pictures of users and groups stay, also when another one took their place."""

    def __init__(
        self,
        *,
        uploads: UploadStore,
        sent: SentFiles,
        news: LogNews,
        give_up: GiveUpUpload,
        remove_bytes: RemoveBytes,
        locks: KeyedLock,
        clock: Clock,
        unsent_lifetime: timedelta,
    ) -> None:
        self._uploads = uploads
        self._sent = sent
        self._news = news
        self._give_up = give_up
        self._remove_bytes = remove_bytes
        self._locks = locks
        self._clock = clock
        self._unsent_lifetime = unsent_lifetime
        self._log = structlog.get_logger()

    async def run(self, every: float) -> None:
        """For ever, every so many seconds. What fails is tried again the next time."""
        while True:
            try:
                await self()
            except (ChatlyError, OSError) as error:
                self._log.warning("media.collect_garbage.failed", error=str(error))
            await asyncio.sleep(every)

    async def __call__(self) -> None:
        """Once."""
        await self._give_up_uploads()
        await self._delete_unsent()
        await self._remove_bytes()

    async def _give_up_uploads(self) -> None:
        while expired := await self._uploads.expired(self._clock.now(), limit=_BATCH):
            for upload in expired:
                async with self._locks.hold(upload.upload_id):
                    await self._give_up(upload.upload_id)

    async def _delete_unsent(self) -> None:
        # Whoever has not read the whole log cannot say that a file was not sent.
        if await self._news.is_behind():
            return
        before = self._clock.now() - self._unsent_lifetime
        while await self._sent.delete_unsent(before=before, limit=_BATCH):
            pass
