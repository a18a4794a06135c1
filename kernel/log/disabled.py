"""Stands in for the event log in processes whose service does not use the log. Needs no driver."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from kernel.log.ports import LogConsumer, LogPosition, LogRecord, Resume


class DisabledLog:
    """EventLog and LogReader whose methods raise RuntimeError: a call is a bug in the wiring."""

    async def append(self, key: str, value: bytes) -> LogPosition:
        _refuse()

    async def read(self, partition: int, *, after: int, limit: int, wait: float = 0.0) -> Sequence[LogRecord]:
        _refuse()

    async def ends(self) -> Mapping[int, int]:
        _refuse()

    async def begins(self) -> Mapping[int, int]:
        _refuse()

    async def log_id(self) -> str:
        _refuse()

    async def identify(self) -> str:
        _refuse()

    def consumer(self, group: str, *, resume: Resume | None = None) -> AbstractAsyncContextManager[LogConsumer]:
        _refuse()


def _refuse() -> NoReturn:
    raise RuntimeError("this service was opened without the event log")
