"""What the embedded mesh takes while nobody uses it: the Python process, and Envoy aside."""

import asyncio

import psutil

from bench.report import Row, Section, spread
from bench.sides import envoy_pids, mesh

_SETTLE_SECONDS = 10


async def measure(rounds: int) -> Section:
    raw = [await _round() for _ in range(rounds)]
    return Section(
        "The embedded mesh at rest",
        [
            Row("resident memory, MiB", "chatly", str(spread(raw, "chatly", "python_mib")), goal="< 200"),
            Row("resident memory, MiB", "its Envoy", str(spread(raw, "chatly", "envoy_mib"))),
            Row("CPU, share of a core", "chatly", str(spread(raw, "chatly", "python_cpu_share"))),
        ],
        raw,
    )


async def _round() -> dict[str, object]:
    async with mesh() as running:
        python = psutil.Process(running.pid)
        before = _cpu_seconds(python)
        await asyncio.sleep(_SETTLE_SECONDS)
        return {
            "side": "chatly",
            "python_mib": python.memory_info().rss / 2**20,
            "envoy_mib": sum(psutil.Process(pid).memory_info().rss for pid in envoy_pids(running)) / 2**20,
            "python_cpu_share": (_cpu_seconds(python) - before) / _SETTLE_SECONDS,
        }


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
