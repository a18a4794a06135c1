"""Each scenario of `python -m tests.load` in its small size: its promises hold. No test checks a duration."""

from pathlib import Path

import pytest

from tests.load.catalogue import SCENARIOS
from tests.load.context import CannotRunError, Context

_ON_ENGINES = {"storm"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.engines) if name in _ON_ENGINES else name for name in SCENARIOS]
)
async def test_every_promise_is_kept_under_load(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    engines: dict[str, str] = request.getfixturevalue("engines") if name in _ON_ENGINES else {}
    context = Context(folder=tmp_path, small=True, say=print, engines=lambda: engines)

    try:
        report = await SCENARIOS[name](context)
    except CannotRunError as error:
        pytest.skip(str(error))

    assert report.complaints == []
    assert report.figures
