"""What the persister has done lately: its rate and its newest failure. Kept in memory, for status and health."""

from collections import deque
from collections.abc import Mapping

from kernel.telemetry.metrics import counter, gauge
from kernel.time import Clock
from services.persister.model import Failure

_WINDOW_SECONDS = 60.0


class Progress:
    """Filled by the loop, read by everybody else."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._batches: deque[tuple[float, int]] = deque()
        self._failure: Failure | None = None
        self._failing = False
        self._applied = counter("chatly_persister_records_total", "Log records that were applied.")
        self._dead = counter("chatly_persister_dead_letters_total", "Log records that were put aside.")
        self._failures = counter("chatly_persister_failures_total", "Attempts that failed, by reason.", ["reason"])
        self._lag = gauge("chatly_persister_lag_records", "Records not stored yet, by partition.", ["partition"])
        self._told: set[int] = set()

    @property
    def last_failure(self) -> Failure | None:
        """The newest one, also if things work again."""
        return self._failure

    @property
    def failing(self) -> bool:
        """Whether the newest attempt failed."""
        return self._failing

    def applied(self, records: int, dead: int) -> None:
        """A batch is stored."""
        self._batches.append((self._clock.monotonic(), records))
        self._applied.inc(records)
        self._dead.inc(dead)

    def worked(self) -> None:
        """An attempt succeeded."""
        self._failing = False

    def failed(self, reason: str, message: str) -> None:
        """An attempt failed, and will be made again."""
        self._failing = True
        self._failure = Failure(message, self._clock.now())
        self._failures.labels(reason).inc()

    def behind(self, lag: Mapping[int, int]) -> None:
        """How many records are not stored, for each partition that this process has; it tells of no other any more."""
        for partition in self._told - lag.keys():
            self._lag.remove(partition)
        for partition, records in lag.items():
            self._lag.labels(partition).set(records)
        self._told = set(lag)

    def records_per_second(self) -> float:
        """Over the last minute."""
        start = self._clock.monotonic() - _WINDOW_SECONDS
        while self._batches and self._batches[0][0] < start:
            self._batches.popleft()
        return sum(records for _, records in self._batches) / _WINDOW_SECONDS
