"""Looks at the lag now and then, for the metrics and for health."""

import asyncio
from collections.abc import Mapping

from kernel.errors import ChatlyError, Code
from kernel.log.ports import LogConsumer
from services.persister.progress import Progress
from services.persister.status import GetStatus

_EVERY_SECONDS = 5.0


class Watch:
    """Keeps the lag metric fresh, also while the loop waits for the store."""

    def __init__(self, *, consumer: LogConsumer, status: GetStatus, progress: Progress) -> None:
        self._consumer = consumer
        self._status = status
        self._progress = progress

    async def run(self) -> None:
        """Never returns."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Once. A log or a store that is away is the loop's to report."""
        try:
            lag = await self._lag()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # Nobody can append anything either: what was told last still holds.
            return
        self._progress.behind(lag)

    async def _lag(self) -> Mapping[int, int]:
        try:
            status = await self._status()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            # While the store is away nothing is stored beyond what the group has committed, or hardly more.
            return await self._consumer.lag()
        return {partition.partition: partition.lag for partition in status.partitions}

    async def health(self) -> str | None:
        """What keeps the persister from storing; None: nothing."""
        failure = self._progress.last_failure
        return failure.message if failure and self._progress.failing else None
