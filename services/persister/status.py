"""How far the store is behind the log."""

from history.ports import DeadLetters, EventReader
from kernel.log.ports import LogConsumer, LogReader
from services.persister.model import PartitionStatus, Status
from services.persister.progress import Progress


class GetStatus:
    """Asks the log and the store; raises what they raise when they are away."""

    def __init__(
        self,
        *,
        consumer: LogConsumer,
        log: LogReader,
        events: EventReader,
        dead_letters: DeadLetters,
        progress: Progress,
    ) -> None:
        self._consumer = consumer
        self._log = log
        self._events = events
        self._dead_letters = dead_letters
        self._progress = progress

    async def __call__(self) -> Status:
        mine = await self._consumer.lag()
        stored, ends = await self._events.stored(), await self._log.ends()
        return Status(
            partitions=[
                PartitionStatus(partition, stored.get(partition, -1), end)
                for partition, end in sorted(ends.items())
                if partition in mine
            ],
            records_per_second=self._progress.records_per_second(),
            last_failure=self._progress.last_failure,
            dead_letter_count=await self._dead_letters.count(),
        )
