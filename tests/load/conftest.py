"""Real engines for the scenarios that need them."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_engines import PrivateEngines


@pytest.fixture
def engines(private_engines: PrivateEngines) -> Iterator[dict[str, str]]:
    """Return settings for them, with names for this test alone."""
    with private_engines() as settings:
        yield settings
