"""Memory and CPU of an idle embedded mesh: the Python process and Envoy, separately."""

import asyncio

import psutil

from bench.report import Row, Section, spread
from bench.scale import Scale
from bench.sides.chatly import embedded
from bench.sides.side import Result
from bench.sides.stage import EMBEDDED, Stage

_SETTLE_SECONDS = 10


async def measure(_: Stage, scale: Scale) -> Section:
    raw = [await _round() for _ in range(scale.rounds)]
    return Section(
        "The embedded mesh at rest",
        [
            Row.of("resident memory, MiB", EMBEDDED, spread(raw, EMBEDDED, "python_mib"), goal="< 200"),
            Row.of("resident memory, MiB", "its Envoy", spread(raw, EMBEDDED, "envoy_mib")),
            Row.of("CPU, share of a core", EMBEDDED, spread(raw, EMBEDDED, "python_cpu_share")),
        ],
        raw,
    )


async def _round() -> Result:
    async with embedded() as running:
        python = psutil.Process(running.mesh.pid)
        before = cpu_seconds(python)
        await asyncio.sleep(_SETTLE_SECONDS)
        envoy = running.edge()["Envoy"]
        return {
            "side": EMBEDDED,
            "python_mib": python.memory_info().rss / 2**20,
            "envoy_mib": sum(psutil.Process(pid).memory_info().rss for pid in envoy) / 2**20,
            "python_cpu_share": (cpu_seconds(python) - before) / _SETTLE_SECONDS,
        }


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)
