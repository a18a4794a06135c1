"""Removes old records from the embedded log. On Kafka, the brokers remove them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from kernel.log.epochs import Ordinals
from kernel.log.ports import OldRecords
from kernel.retry import repeat
from kernel.telemetry.logs import logger
from kernel.telemetry.metrics import counter
from kernel.time import Clock
from services.persister.ports import StoredOffsets

_BATCH = 200
_PAUSE_SECONDS = 0.01
_MAX_PERIOD = timedelta(minutes=1)
_SPEED = 24
"""The limit of removal advances at most 24 times as fast as time passes, so that a wrong clock removes little."""


class PruneLog:
    """Removes records that are stored and older than the retention time.

    Records that a follower of the log has not applied stay for up to another retention time. The removal runs in small
    batches, between the appends. The last record of each partition stays.
    """

    def __init__(
        self,
        *,
        records: OldRecords,
        stored: StoredOffsets,
        ordinals: Callable[[], Ordinals],
        clock: Clock,
        retention: timedelta,
        followers: tuple[str, ...],
    ) -> None:
        """`followers`: the groups that follow the log beside the persister."""
        self._records = records
        self._stored = stored
        self._ordinals = ordinals
        self._clock = clock
        self._retention = retention.total_seconds()
        self._followers = followers
        self._period = min(_MAX_PERIOD, retention / 100).total_seconds()
        self._limits: dict[int, float] = {}
        """Per partition, the time before which records may be removed."""
        self._advanced_at = clock.monotonic()
        self._overwritten = False
        self._log = logger("persister")
        self._removed = counter("chatly_log_removed_records_total", "Records that were removed from the embedded log.")

    async def run(self) -> None:
        """Remove old records until cancelled. Retry while the log or the store is unavailable."""
        await repeat(self, seconds=self._period, report=self._report)

    def _report(self, error: Exception) -> None:
        self._log.warning("removing old records failed, will retry", error=str(error))

    async def __call__(self) -> None:
        """Remove the records that may be removed now, and overwrite them in the files."""
        now = self._clock.now().timestamp()
        self._advance_limits(now - self._retention)
        followed = [await self._records.committed(group) for group in self._followers]
        stored, ordinals = await self._stored.stored(), self._ordinals()
        for partition, first in (await self._records.first_times()).items():
            start = min(first + _SPEED * self._period, now - self._retention)
            before = self._limits.setdefault(partition, start)
            through = ordinals.offset_after(partition, stored.get(partition, -1))
            applied = min([through, *(offsets[partition] for offsets in followed)])
            await self._remove(partition, before=before, through=applied, now=now)
            await self._remove(partition, before=before - self._retention, through=through, now=now)
        if not self._overwritten:
            await self._records.overwrite()
            self._overwritten = True

    def _advance_limits(self, latest: float) -> None:
        elapsed = self._clock.monotonic() - self._advanced_at
        self._advanced_at += elapsed
        self._limits = {number: min(limit + _SPEED * elapsed, latest) for number, limit in self._limits.items()}

    async def _remove(self, partition: int, *, before: float, through: int, now: float) -> None:
        count = _BATCH
        while count == _BATCH:
            count = await self._records.remove(partition, before=before, through=through, now=now, limit=_BATCH)
            self._removed.inc(count)
            self._overwritten = self._overwritten and not count
            await asyncio.sleep(_PAUSE_SECONDS)
