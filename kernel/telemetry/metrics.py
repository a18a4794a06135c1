"""Prometheus metrics of this process. Each package defines its own metrics, with the prefix `chatly_`."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def counter(name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
    """Return the counter with this name; the first call creates it. All services of a process share it."""
    return _counter(name, help_text, tuple(labels))


def gauge(name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
    """Return the gauge with this name; the first call creates it."""
    return _gauge(name, help_text, tuple(labels))


def histogram(
    name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS
) -> Histogram:
    """Return the histogram with this name; the first call creates it."""
    return _histogram(name, help_text, tuple(labels), tuple(buckets))


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)


@cache
def _counter(name: str, help_text: str, labels: tuple[str, ...]) -> Counter:
    return Counter(_prefixed(name), help_text, labels)


@cache
def _gauge(name: str, help_text: str, labels: tuple[str, ...]) -> Gauge:
    return Gauge(_prefixed(name), help_text, labels)


@cache
def _histogram(name: str, help_text: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
    return Histogram(_prefixed(name), help_text, labels, buckets=buckets)


def _prefixed(name: str) -> str:
    if not name.startswith("chatly_"):
        raise ValueError(f"the metric {name!r} needs the prefix chatly_")
    return name
