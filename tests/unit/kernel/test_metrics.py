"""Metrics: shared by name, with a common prefix."""

import pytest

from kernel.telemetry import metrics


def test_a_metric_that_is_requested_twice_is_the_same_object() -> None:
    first = metrics.counter("chatly_test_things", "Things.", ["kind"])
    first.labels("good").inc(2)

    assert metrics.counter("chatly_test_things", "Things.", ["kind"]) is first
    assert b'chatly_test_things_total{kind="good"} 2.0' in metrics.exposition()


@pytest.mark.parametrize("make", [metrics.counter, metrics.gauge, metrics.histogram])
def test_a_metric_without_the_prefix_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="chatly_"):
        make("things", "Things.")
