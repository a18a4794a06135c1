"""The retention time of the event log: how long the log keeps records."""

from datetime import timedelta

from kernel.settings import env, settings

_MIN_DAYS, _MAX_DAYS = 0.05, 36_500


def _check(days: float) -> str | None:
    if days == 0 or _MIN_DAYS <= days <= _MAX_DAYS:
        return None
    return f"must be 0 (no limit) or between {_MIN_DAYS} and {_MAX_DAYS}, got {days}"


@settings
class RetentionSettings:
    """Retention of the event log, on every engine."""

    days: float = env(
        "CHATLY_LOG_RETENTION_DAYS",
        default=30.0,
        help="days that the event log keeps records; at least 0.05, or 0: no limit, so erased text stays in the log",
        check=_check,
    )

    @property
    def time(self) -> timedelta | None:
        """The retention time, or None if the log has no limit."""
        return timedelta(days=self.days) if self.days else None


def late_warning(age: timedelta, retention: timedelta | None) -> str | None:
    """Return a warning if a record of this age is not stored although a third of the retention time has passed."""
    if retention is None or age <= retention / 3:
        return None
    days = timedelta(days=1)
    return (
        f"the oldest record that is not stored is {age / days:.1f} days old; the log keeps records for"
        f" {retention / days:g} days (CHATLY_LOG_RETENTION_DAYS)"
    )
