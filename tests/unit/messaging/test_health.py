"""A messaging node serves as long as it has its log or its store; what hangs is as good as gone."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from history.ports import EventReader
from kernel.log.ports import LogReader
from services.messaging.wiring import problem_of_both


class Engine:
    """Log and store at once: what is asked of it is answered, fails, or hangs."""

    def __init__(self, fate: str) -> None:
        self._fate = fate

    async def ends(self) -> Mapping[int, int]:
        if self._fate == "hangs":
            await asyncio.Event().wait()
        if self._fate == "fails":
            raise RuntimeError("gone")
        return {}

    stored = ends


async def broken(*, log: str, store: str) -> str | None:
    engines: tuple[Any, Any] = (Engine(log), Engine(store))
    return await problem_of_both(cast("LogReader", engines[0]), cast("EventReader", engines[1]))


async def test_one_of_them_is_enough_whatever_the_other_does() -> None:
    for fate in ("answers", "fails", "hangs"):
        assert await broken(log=fate, store="answers") is None
        assert await broken(log="answers", store=fate) is None


async def test_without_both_it_says_what_is_wrong_with_each() -> None:
    said = await broken(log="hangs", store="fails")

    assert said == "the log does not answer within 1 s; gone"
