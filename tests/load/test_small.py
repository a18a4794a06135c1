"""Each scenario of `python -m tests.load`, small: its promises hold. How long anything takes is not asked."""

from pathlib import Path

import pytest

from tests.load.catalogue import SCENARIOS
from tests.load.ground import CannotRunError, Ground

_ON_ENGINES = {"storm"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.engines) if name in _ON_ENGINES else name for name in SCENARIOS]
)
async def test_every_promise_is_kept_under_load(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engines: dict[str, str] = request.getfixturevalue("engines") if name in _ON_ENGINES else {}
    ground = Ground(folder=tmp_path, small=True, say=print, engines=lambda: engines)

    try:
        report = await SCENARIOS[name](ground)
    except CannotRunError as error:
        pytest.skip(str(error))

    assert report.complaints == []
    assert report.figures
