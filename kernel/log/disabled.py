"""No log at all: for processes whose service uses none, and whose image has no driver for it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from kernel.log.ports import LogConsumer, LogPosition, LogRecord, Resume


class DisabledLog:
    """EventLog and LogReader whose every use is a mistake in the wiring: RuntimeError."""

    async def append(self, key: str, value: bytes) -> LogPosition:
        _refuse()

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        _refuse()

    async def ends(self) -> Mapping[int, int]:
        _refuse()

    async def log_id(self) -> str:
        _refuse()

    def consumer(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]:
        _refuse()


def _refuse() -> NoReturn:
    raise RuntimeError("this service was opened without the event log")
