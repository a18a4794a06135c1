"""The health checks: a node needs its log or its store, and both must answer in time; without the bus it serves."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from history.ports import EventReader
from kernel.bus.memory import MemoryBus
from kernel.log.ports import LogReader
from services.messaging.wiring import problem_of_both, problem_of_bus


class Engine:
    """A log and a store that answer, fail or hang."""

    def __init__(self, behavior: str) -> None:
        self._behavior = behavior

    async def ends(self) -> Mapping[int, int]:
        if self._behavior == "hangs":
            await asyncio.Event().wait()
        if self._behavior == "fails":
            raise RuntimeError("gone")
        return {}

    stored = ends


async def problem(*, log: str, store: str) -> str | None:
    engines: tuple[Any, Any] = (Engine(log), Engine(store))
    return await problem_of_both(cast("LogReader", engines[0]), cast("EventReader", engines[1]))


async def test_a_node_is_healthy_while_log_or_store_answers() -> None:
    for behavior in ("answers", "fails", "hangs"):
        assert await problem(log=behavior, store="answers") is None
        assert await problem(log="answers", store=behavior) is None


async def test_the_problem_names_both_failures() -> None:
    found = await problem(log="hangs", store="fails")

    assert found == "the log does not answer within 1 s; gone"


async def test_the_problem_names_the_bus_while_it_is_down() -> None:
    class DownBus(MemoryBus):
        @property
        def up(self) -> bool:
            return False

    assert await problem_of_bus(MemoryBus()) is None
    assert "live bus (Redis) is down" in (await problem_of_bus(DownBus()) or "")
