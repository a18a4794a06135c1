"""The setting of the log's retention time."""

from datetime import timedelta

import pytest

from kernel.log.retention import RetentionSettings
from kernel.settings import SettingsError, load


@pytest.mark.parametrize(
    ("value", "time"),
    [("", timedelta(days=30)), ("7", timedelta(days=7)), ("0.05", timedelta(hours=1.2)), ("0", None)],
)
def test_days_give_the_retention_time(value: str, time: timedelta | None) -> None:
    assert load(RetentionSettings, {"CHATLY_LOG_RETENTION_DAYS": value} if value else {}).time == time


@pytest.mark.parametrize("value", ["-1", "0.01", "nan", "inf", "40000"])
def test_other_values_are_refused(value: str) -> None:
    with pytest.raises(SettingsError, match=r"_RETENTION_DAYS must be 0 .no limit. or between 0.05 and 36500"):
        load(RetentionSettings, {"CHATLY_LOG_RETENTION_DAYS": value})
