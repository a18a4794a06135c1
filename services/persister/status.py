"""The distance between store and log, for GetStatus, the lag metric and health."""

import asyncio
from collections.abc import Mapping

from kernel.errors import ChatlyError, Code
from services.persister.model import PartitionStatus, Status
from services.persister.ports import ConsumerLag, DeadLetterCount, LogEnds, StoredOffsets
from services.persister.progress import Progress

_LAG_SECONDS = 5.0


class GetStatus:
    def __init__(
        self,
        *,
        consumer: ConsumerLag,
        log: LogEnds,
        events: StoredOffsets,
        dead_letters: DeadLetterCount,
        progress: Progress,
    ) -> None:
        self._consumer = consumer
        self._log = log
        self._events = events
        self._dead_letters = dead_letters
        self._progress = progress

    async def __call__(self) -> Status:
        """Return the status of the owned partitions. Raise UNAVAILABLE while the log or the store is unavailable."""
        owned = await self._consumer.lag()
        stored, ends = await self._events.stored(), await self._log.ends()
        return Status(
            partitions=[
                PartitionStatus(partition, stored.get(partition, -1), end)
                for partition, end in sorted(ends.items())
                if partition in owned
            ],
            records_per_second=self._progress.records_per_second(),
            last_failure=self._progress.last_failure,
            dead_letter_count=await self._dead_letters.count(),
        )


class LagReporter:
    """Updates the lag metric every 5 s, even while the store is unavailable."""

    def __init__(self, *, consumer: ConsumerLag, status: GetStatus, progress: Progress) -> None:
        self._consumer = consumer
        self._status = status
        self._progress = progress

    async def run(self) -> None:
        """Update the metric until cancelled."""
        while True:
            await self.report()
            await asyncio.sleep(_LAG_SECONDS)

    async def report(self) -> None:
        """Update the metric once. Ignore UNAVAILABLE errors, because the persist loop reports them."""
        try:
            lag = await self._lag()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # Without the log nothing is appended, so the last value is still correct.
            return
        self._progress.set_lag(lag)

    async def _lag(self) -> Mapping[int, int]:
        try:
            status = await self._status()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # While the store is unavailable, the committed offsets are close to the stored ones.
            return await self._consumer.lag()
        return {partition.partition: partition.lag for partition in status.partitions}

    async def health(self) -> str | None:
        """Return the error that stops the persister from storing, or None if the persister is healthy."""
        failure = self._progress.last_failure
        return failure.message if failure and self._progress.failing else None
