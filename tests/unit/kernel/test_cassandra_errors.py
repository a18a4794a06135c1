"""Errors of Cassandra that mean unavailable, and errors that are bugs."""

from typing import Any

import pytest
from cassandra.protocol import ErrorMessage

from kernel.cassandra.session import CassandraSession
from kernel.cassandra.settings import CassandraSettings
from kernel.errors import ChatlyError, KernelReason
from kernel.time import SystemClock


class Refusing:
    """A session of the driver that fails every statement with a code of the protocol."""

    def __init__(self, code: int) -> None:
        self._code = code

    def prepare(self, cql: str) -> "Refusing":
        return self

    def bind(self, params: object) -> "Refusing":
        return self

    def execute_async(self, statement: object) -> None:
        raise ErrorMessage(self._code, "no", {})


def session_that_refuses(code: int) -> CassandraSession:
    session = CassandraSession(settings=CassandraSettings(contact_points=("nowhere",)), schemas=(), clock=SystemClock())
    driver: Any = Refusing(code)
    session._session = driver
    return session


async def test_a_conditional_write_with_an_unknown_result_can_be_retried() -> None:
    with pytest.raises(ChatlyError) as refused:
        await session_that_refuses(0x1700).execute("UPDATE t SET a = 1 WHERE b = 1 IF a = 0")

    assert refused.value.reason == KernelReason.STORE_UNAVAILABLE


async def test_an_unknown_error_is_raised_unchanged() -> None:
    with pytest.raises(ErrorMessage):
        await session_that_refuses(0x7777).execute("SELECT a FROM t WHERE b = 1")
