"""Metrics: shared by name, and all of one family."""

import pytest

from kernel.telemetry import metrics


def test_a_metric_asked_for_twice_is_the_same() -> None:
    first = metrics.counter("chatly_test_things", "Things.", ["kind"])
    first.labels("good").inc(2)

    assert metrics.counter("chatly_test_things", "Things.", ["kind"]) is first
    assert b'chatly_test_things_total{kind="good"} 2.0' in metrics.exposition()


@pytest.mark.parametrize("make", [metrics.counter, metrics.gauge, metrics.histogram])
def test_a_metric_without_the_prefix_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="chatly_"):
        make("things", "Things.")
