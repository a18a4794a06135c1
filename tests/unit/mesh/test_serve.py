"""A service measures its clock before it opens."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from kernel.platform import Engines, Platform
from kernel.service import Service
from kernel.time import ClockOffset
from mesh.serve import serving
from mesh.services import SERVICES
from tests.fakes import StaticKeys, a_platform

_AHEAD = timedelta(hours=1)


class OpenedError(Exception):
    """Ends a test where the service would open."""


async def test_the_clock_is_corrected_before_the_service_opens(tmp_path: Path) -> None:
    corrections: list[ClockOffset] = []

    async def engine_time() -> datetime:
        return datetime.now(UTC) - _AHEAD

    def open_service(environ: Mapping[str, str], platform: Platform) -> AbstractAsyncContextManager[Service]:
        raise OpenedError

    nothing = cast("Any", None)
    engines = Engines(
        cassandra=nothing,
        redis=nothing,
        open_blobs=nothing,
        clocks={"redis": engine_time},
        correct_clock=corrections.append,
    )
    async with a_platform(data_dir=tmp_path) as platform:
        spec = replace(SERVICES["media"], open=open_service)
        with pytest.raises(OpenedError):
            async with serving(spec, {}, replace(platform, engines=engines), StaticKeys()):
                pass

    assert [round(each.offset.total_seconds()) for each in corrections] == [3600]
