"""Collect garbage: discard expired uploads, and delete files that were never sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.locks import KeyedLock
from kernel.retry import repeat
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.media.errors import is_temporary
from services.media.ports import KnownSends, SentFiles, UploadStore
from services.media.purge_deleted import PurgeDeleted
from services.media.uploads import Uploads

_BATCH = 100
# GetMedia refuses files that are too old to be sent. A send that it allowed before has ended after this time, also if
# the clocks of two nodes differ.
_SEND_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Expiry:
    """A moment: files that were uploaded before `before` could not be sent any more when the log ended at `ends`."""

    before: datetime
    ends: Mapping[int, int]


class CollectGarbage:
    """Discards expired uploads, deletes unsent files, and purges deleted files. It deletes no avatars."""

    def __init__(
        self,
        *,
        store: UploadStore,
        uploads: Uploads,
        sent: SentFiles,
        sends: KnownSends,
        purge: PurgeDeleted,
        locks: KeyedLock,
        clock: Clock,
        unsent_lifetime: timedelta,
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._sent = sent
        self._sends = sends
        self._purge = purge
        self._locks = locks
        self._clock = clock
        self._unsent_lifetime = unsent_lifetime
        self._expiry: _Expiry | None = None
        self._log = logger("media")

    async def run(self, every: float) -> None:
        """Collect garbage now and every `every` seconds until cancelled. The next collection repeats a failed one."""
        await repeat(self, seconds=every, report=self._report, is_temporary=is_temporary)

    def _report(self, error: Exception) -> None:
        self._log.warning("garbage collection failed, will retry", error=str(error))

    async def __call__(self) -> None:
        await self._discard_expired()
        await self._delete_unsent()
        await self._purge()

    async def _discard_expired(self) -> None:
        while expired := await self._store.expired(self._clock.now(), limit=_BATCH):
            for upload in expired:
                async with self._locks.hold(upload.upload_id):
                    await self._uploads.discard(upload.upload_id)

    async def _delete_unsent(self) -> None:
        """Delete the unsent files that were too old at an earlier moment, once all sends up to it are known."""
        if self._expiry is None:
            before = self._clock.now() - self._unsent_lifetime - _SEND_TIME
            self._expiry = _Expiry(before, await self._sends.moment())
        if not await self._sends.are_complete(self._expiry.ends):
            return
        while await self._sent.delete_unsent(before=self._expiry.before, limit=_BATCH):
            pass
        self._expiry = None
