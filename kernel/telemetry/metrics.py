"""Prometheus metrics of this process. Each room names its own, with the prefix `chatly_`."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def counter(name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
    """The counter of this name, made at the first call; likewise below. Services of one process share them."""
    return _counter(name, help_text, tuple(labels))


def gauge(name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
    return _gauge(name, help_text, tuple(labels))


def histogram(
    name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS
) -> Histogram:
    return _histogram(name, help_text, tuple(labels), tuple(buckets))


def exposition() -> bytes:
    """All metrics in Prometheus's text form."""
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
        raise ValueError(f"metric {name!r} lacks the prefix chatly_")
    return name
