"""Memory and CPU of each idle service, in a process and an environment like those of its image."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import Row, Section, spread
from bench.scale import Scale
from bench.sides.side import Result
from bench.sides.stage import Stage
from mesh.services import SERVICES
from tests.images import Image, all_images

_SETTLE_SECONDS = 10
_START_SECONDS = 120


async def measure(stage: Stage, scale: Scale) -> Section:
    raw = [each for _ in range(scale.rounds) for each in await _round(stage)]
    rows = [Row.of("resident memory, MiB", name, spread(raw, name, "mib"), goal="< 120") for name in SERVICES]
    return Section("Each service at rest on the real engines", rows, raw)


async def _round(stage: Stage) -> list[Result]:
    with TemporaryDirectory(prefix="chatly-bench-images-") as folder:
        async with all_images(Path(folder), stage.engines().chatly(), compiled=True) as images:
            for name, image in images.items():
                await _until_it_serves(name, image)
            await asyncio.sleep(_SETTLE_SECONDS)
            return [{"side": name, "mib": image.resident_mib} for name, image in images.items()]


async def _until_it_serves(name: str, image: Image) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while (await asyncio.to_thread(image.run, "chatly", "health", name)).returncode:
        if time.monotonic() > deadline or image.process.returncode is not None:
            raise RuntimeError(f"{name} does not serve: {image.log.read_text()}")
