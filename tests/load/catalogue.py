"""The scenarios by name."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from tests.load.context import Context
from tests.load.enclosed import enclosed
from tests.load.report import Report
from tests.load.scenarios import flood, idle, large_group, long_chat, slow_reader, storm

SCENARIOS: Mapping[str, Callable[[Context], Coroutine[Any, Any, Report]]] = {
    "slow_reader": slow_reader.run,
    "idle": idle.run,
    "storm": storm.run,
    "flood": flood.run,
    "long_chat": long_chat.run,
    "large_group": large_group.run,
    "disk_full": enclosed,
}
