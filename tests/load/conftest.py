"""Real engines for the scenarios that need some."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_engines import PrivateEngines


@pytest.fixture
def engines(private_engines: PrivateEngines) -> Iterator[dict[str, str]]:
    """Settings that lead to them, with room of the test's own there."""
    with private_engines() as settings:
        yield settings
