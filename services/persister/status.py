"""The distance between store and log, for GetStatus, the lag metric and health."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from kernel.errors import ChatlyError, Code
from kernel.log.retention import late_warning
from kernel.telemetry.metrics import gauge
from kernel.time import Clock
from services.persister.model import PartitionStatus, Status
from services.persister.ports import ConsumerLag, DeadLetterCount, LogEnds, StoredOffsets, UnstoredRecords
from services.persister.progress import Progress

_LAG_SECONDS = 5.0


class OldestUnstored:
    """Finds when the oldest record that is not stored was appended."""

    def __init__(self, log: UnstoredRecords) -> None:
        self._log = log
        self._stored: dict[int, int] = {}
        self._found: dict[int, tuple[int, float]] = {}
        """Per partition: a stored offset, and the time of the record after it."""

    async def __call__(self, stored: Mapping[int, int], behind: Collection[int]) -> Mapping[int, float]:
        """Return the time in seconds since 1970 for each partition in `behind`. Times that are unknown are left out."""
        self._stored = dict.fromkeys(behind, -1) | dict(stored)
        return await self.while_store_is_unavailable(behind)

    async def while_store_is_unavailable(self, behind: Collection[int]) -> Mapping[int, float]:
        """Return the same after the offsets that were stored last."""
        known = [partition for partition in behind if partition in self._stored]
        times = {partition: await self._time_after(partition, self._stored[partition]) for partition in known}
        return {partition: time for partition, time in times.items() if time}

    async def _time_after(self, partition: int, stored: int) -> float:
        after, time = self._found.get(partition, (None, 0.0))
        if after != stored:
            records = await self._log.read(partition, after=stored, limit=1)
            if not records:
                return 0.0
            time = records[0].appended_at
            self._found[partition] = (stored, time)
        return time


class GetStatus:
    def __init__(
        self,
        *,
        consumer: ConsumerLag,
        log: LogEnds,
        events: StoredOffsets,
        dead_letters: DeadLetterCount,
        oldest: OldestUnstored,
        progress: Progress,
    ) -> None:
        self._consumer = consumer
        self._log = log
        self._oldest = oldest
        self._events = events
        self._dead_letters = dead_letters
        self._progress = progress

    async def __call__(self) -> Status:
        """Return the status of the owned partitions. Raise UNAVAILABLE while the log or the store is unavailable."""
        owned = await self._consumer.lag()
        stored, ends = await self._events.stored(), await self._log.ends()
        behind = [partition for partition in owned if ends.get(partition, -1) > stored.get(partition, -1)]
        oldest = await self._oldest(stored, behind)
        return Status(
            partitions=[
                PartitionStatus(partition, stored.get(partition, -1), end, _moment(oldest.get(partition)))
                for partition, end in sorted(ends.items())
                if partition in owned
            ],
            records_per_second=self._progress.records_per_second(),
            last_failure=self._progress.last_failure,
            dead_letter_count=await self._dead_letters.count(),
        )


class LagReporter:
    """Updates the metrics of the lag every 5 s, even while the store is unavailable."""

    def __init__(
        self,
        *,
        consumer: ConsumerLag,
        status: GetStatus,
        oldest: OldestUnstored,
        progress: Progress,
        clock: Clock,
        retention: timedelta | None,
    ) -> None:
        """`retention`: how long the log keeps records; None: without a limit."""
        self._consumer = consumer
        self._status = status
        self._oldest = oldest
        self._progress = progress
        self._clock = clock
        self._retention = retention
        limit = gauge("chatly_log_retention_seconds", "How long the log keeps records; 0: without a limit.")
        limit.set(retention.total_seconds() if retention else 0)

    async def run(self) -> None:
        """Update the metrics until cancelled."""
        while True:
            await self.report()
            await asyncio.sleep(_LAG_SECONDS)

    async def report(self) -> None:
        """Update the metrics once. Ignore UNAVAILABLE errors, because the persist loop reports them."""
        try:
            lag, oldest = await self._lag()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # Without the log nothing is appended, so the last value is still correct.
            return
        now = self._clock.now().timestamp()
        self._progress.set_lag(lag, {partition: max(0.0, now - time) for partition, time in oldest.items()})

    async def _lag(self) -> tuple[Mapping[int, int], Mapping[int, float]]:
        try:
            status = await self._status()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # While the store is unavailable, the committed offsets are close to the stored ones.
            lag = await self._consumer.lag()
            return lag, await self._oldest.while_store_is_unavailable(lag)
        oldest = {each.partition: each.oldest_unstored_at for each in status.partitions}
        return (
            {each.partition: each.lag for each in status.partitions},
            {partition: moment.timestamp() for partition, moment in oldest.items() if moment},
        )

    async def health(self) -> str | None:
        """Return the error that stops the persister from storing, or None if the persister is healthy."""
        failure = self._progress.last_failure
        return failure.message if failure and self._progress.failing else None

    async def warning(self) -> str | None:
        """Return a warning if the oldest record that is not stored is older than a third of the retention time."""
        return late_warning(timedelta(seconds=self._progress.oldest_age), self._retention)


def _moment(time: float | None) -> datetime | None:
    return datetime.fromtimestamp(time, UTC) if time else None
