"""Rate, newest failure and metrics of the persister, in memory."""

from collections import deque
from collections.abc import Mapping

from kernel.telemetry.metrics import counter, gauge
from kernel.time import Clock
from services.persister.model import Failure

_WINDOW_SECONDS = 60.0


class Progress:
    """The progress of the persister.

    The persist loop and the lag reporter write this object. Status and health read it.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._batches: deque[tuple[float, int]] = deque()
        self._failure: Failure | None = None
        self._failing = False
        self._applied = counter("chatly_persister_records_total", "Log records that were applied.")
        self._dead = counter("chatly_persister_dead_letters_total", "Log records that became dead letters.")
        self._failures = counter("chatly_persister_failures_total", "Attempts that failed, by reason.", ["reason"])
        self._lag = gauge("chatly_persister_lag_records", "Records not stored yet, by partition.", ["partition"])
        self._age = gauge("chatly_persister_lag_seconds", "Age of the oldest record not stored yet.", ["partition"])
        self._lag_partitions: set[int] = set()
        self.oldest_age = 0.0
        """The largest age of a record that is not stored, in seconds, when the lag was reported last."""

    @property
    def last_failure(self) -> Failure | None:
        """The newest failure. A later success does not clear the failure."""
        return self._failure

    @property
    def failing(self) -> bool:
        """True if the newest attempt failed."""
        return self._failing

    def applied(self, records: int, dead: int) -> None:
        """Count a stored batch."""
        self._batches.append((self._clock.monotonic(), records))
        self._applied.inc(records)
        self._dead.inc(dead)

    def succeeded(self) -> None:
        """Record a successful attempt."""
        self._failing = False

    def failed(self, reason: str, message: str) -> None:
        """Record a failed attempt."""
        self._failing = True
        self._failure = Failure(message, self._clock.now())
        self._failures.labels(reason).inc()

    def set_lag(self, lag: Mapping[int, int], ages: Mapping[int, float]) -> None:
        """Set the number of unstored records of each owned partition, and the age of the oldest one in seconds.

        Remove partitions of other processes from the metrics.
        """
        for partition in self._lag_partitions - lag.keys():
            self._lag.remove(partition)
            self._age.remove(partition)
        for partition, records in lag.items():
            self._lag.labels(partition).set(records)
            self._age.labels(partition).set(ages.get(partition, 0.0))
        self._lag_partitions = set(lag)
        self.oldest_age = max(ages.values(), default=0.0)

    def records_per_second(self) -> float:
        """Return the average number of records per second over the last minute."""
        start = self._clock.monotonic() - _WINDOW_SECONDS
        while self._batches and self._batches[0][0] < start:
            self._batches.popleft()
        return sum(records for _, records in self._batches) / _WINDOW_SECONDS
