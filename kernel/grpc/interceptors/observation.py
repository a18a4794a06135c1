"""What is kept of every call: its count, its time, and a line in the log when it failed."""

import logging
import time
from typing import Final

from kernel.grpc.interceptors.access import Method
from kernel.telemetry import metrics
from kernel.telemetry.logs import logger

_LEVELS: Final = {
    "INTERNAL": logging.ERROR,
    "UNKNOWN": logging.ERROR,
    "UNAVAILABLE": logging.WARNING,
    "DEADLINE_EXCEEDED": logging.WARNING,
    "RESOURCE_EXHAUSTED": logging.WARNING,
    # How most streams end.
    "CANCELLED": logging.DEBUG,
}

SERVER_FAULTS: Final = {"DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
"""Codes of calls that failed whatever their callers might have done."""


class Observation:
    """Metrics and logs of one method. Good calls are logged at level debug: the edge has its own access log."""

    def __init__(self, method: Method) -> None:
        self._method = method.full_name
        self._log = logger("rpc")
        self._calls = metrics.counter("chatly_rpc_calls", "Finished calls.", ["method", "code"])
        self._seconds = metrics.histogram("chatly_rpc_seconds", "How long calls took.", ["method"]).labels(self._method)
        self._ok = self._calls.labels(self._method, "OK")

    def succeeded(self, started: float) -> None:
        """`started`: time.perf_counter() at the beginning."""
        elapsed = time.perf_counter() - started
        self._seconds.observe(elapsed)
        self._ok.inc()
        self._log.debug("call", method=self._method, code="OK", seconds=round(elapsed, 6))

    def failed(self, started: float, code: str, reason: str, message: str, error: BaseException | None = None) -> None:
        """`error` is logged with its trace; give it only where it is a defect of ours."""
        elapsed = time.perf_counter() - started
        self._seconds.observe(elapsed)
        self._calls.labels(self._method, code).inc()
        self._log.log(
            _LEVELS.get(code, logging.INFO),
            "call",
            method=self._method,
            code=code,
            reason=reason,
            error=message,
            seconds=round(elapsed, 6),
            exc_info=error,
        )
