"""A node that is off from the engines' clocks reports it, and takes no calls beyond a minute."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from kernel.clock_watch import METRIC, ClockWatch, WriteTimeWatch, last_write
from kernel.grpc.health import HealthMonitor
from kernel.service import Service
from kernel.time import ClockOffset
from tests.builders import NOON
from tests.fakes import FakeClock


class Engine:
    """An engine whose clock is right unless a test sets it, and which answers after `delay` seconds of `node`."""

    def __init__(self, node: FakeClock) -> None:
        self.node = node
        self.now = NOON
        self.delay = 0.0
        self.reachable = True

    async def time(self) -> datetime:
        self.node.advance(self.delay)
        if not self.reachable:
            raise OSError("unreachable")
        return self.now


class Setup:
    def __init__(self) -> None:
        self.node = FakeClock(NOON)
        self.redis, self.cassandra = Engine(self.node), Engine(self.node)
        engines = {"redis": self.redis.time, "cassandra": self.cassandra.time}
        self.corrections: list[ClockOffset] = []
        self.watch = ClockWatch(service="tester", clock=self.node, engines=engines, correct=self.corrections.append)

    async def check(self, *, node_offset: float) -> str | None:
        self.node.set(NOON + timedelta(seconds=node_offset))
        return await self.watch.check()


@pytest.fixture
def setup() -> Setup:
    return Setup()


def offset() -> float | None:
    return REGISTRY.get_sample_value(METRIC, {"service": "tester"})


@pytest.mark.parametrize("seconds", [0.0, 4.0, -4.0, 59.0, -59.0])
async def test_a_node_serves_while_its_clock_is_off_by_less_than_a_minute(setup: Setup, seconds: float) -> None:
    assert await setup.check(node_offset=seconds) is None
    assert offset() == seconds


async def test_a_node_beyond_a_minute_does_not_serve_until_its_clock_is_right(setup: Setup) -> None:
    health = HealthMonitor(Service(name="tester", grpc_services=(), mount=(), health={"clock": setup.watch.check}))
    serving = []
    for seconds in (0, 86_400, -61, 0):
        setup.node.set(NOON + timedelta(seconds=seconds))
        await health.check()
        serving.append(health.serving)

    assert serving == [True, False, False, True]
    assert await setup.check(node_offset=61) == "this machine's clock is 61 s ahead of that of redis: correct it (NTP)"
    assert await setup.check(node_offset=-61) == "this machine's clock is 61 s behind that of redis: correct it (NTP)"


async def test_an_offset_is_logged_when_it_begins_and_when_it_ends(setup: Setup) -> None:
    with capture_logs() as entries:
        for seconds in (0, 6, 7, 0, 0):
            await setup.check(node_offset=seconds)

    assert [(entry["log_level"], entry.get("offset_seconds")) for entry in entries] == [
        ("warning", 6.0),
        ("info", None),
    ]


async def test_a_node_that_agrees_with_one_engine_is_right(setup: Setup) -> None:
    setup.redis.now = NOON + timedelta(days=1)

    assert await setup.check(node_offset=0) is None
    assert offset() == 0


async def test_an_unreachable_engine_does_not_count(setup: Setup) -> None:
    setup.redis.reachable = False
    assert await setup.check(node_offset=120) is not None

    setup.cassandra.reachable = False
    assert await setup.check(node_offset=120) is None


async def test_the_clock_is_corrected_only_if_all_engines_answer(setup: Setup) -> None:
    await setup.check(node_offset=120)
    setup.redis.reachable = False
    await setup.check(node_offset=240)

    assert [each.offset for each in setup.corrections] == [timedelta(seconds=120)]


async def test_a_slow_answer_is_no_offset(setup: Setup) -> None:
    setup.redis.delay = setup.cassandra.delay = 20.0

    await setup.check(node_offset=0)

    assert offset() == 0


@pytest.fixture
def written(tmp_path: Path) -> list[Path]:
    """Files, the newest of which was written 30 s after noon."""
    files = [tmp_path / "log.db", tmp_path / "log.db-wal"]
    for file, seconds in zip(files, (-60, 30), strict=True):
        file.touch()
        moment = NOON.timestamp() + seconds
        os.utime(file, (moment, moment))
    return files


async def test_an_embedded_mesh_reports_a_clock_before_its_last_write(written: list[Path]) -> None:
    clock = FakeClock(NOON)
    watch = WriteTimeWatch(service="tester", clock=clock, last_write=last_write(written))
    offsets = []
    for seconds in (0, 40, 20, 86_400, 0):
        clock.set(NOON + timedelta(seconds=seconds))
        assert await watch.check() is None
        offsets.append(offset())

    assert offsets == [-30, 0, -20, 0, -86_400]


def test_a_new_mesh_has_no_last_write(tmp_path: Path) -> None:
    assert last_write(tmp_path.glob("*.db*")) is None
