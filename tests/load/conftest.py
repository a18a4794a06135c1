"""Real engines for the scenarios that need some."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_engines import RoomOnEngines


@pytest.fixture
def engines(room_on_engines: RoomOnEngines) -> Iterator[dict[str, str]]:
    """Settings that lead to them, with room of the test's own there."""
    with room_on_engines() as settings:
        yield settings
