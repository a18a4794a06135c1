"""Fixtures and hooks for all tests. Fixtures of one area are in the conftest of its folder."""

import shutil

import pytest
from hypothesis import HealthCheck, settings

from kernel.telemetry.logs import configure_logs

pytest_plugins = ["tests.engines.running", "tests.engines.secured", "tests.e2e.real_engines", "tests.spread"]

# The duration of an example depends on the load of the machine, so no test limits it.
settings.register_profile("chatly", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chatly")


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Configure logs as in production. Pytest prints them for failed tests."""
    configure_logs(style="pretty", level="info")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test marked with `toolchain("go")` if that command is missing. It is never skipped silently.

    With `toolchain("nginx", optional=True)`, skip it with a reason: other systems may lack a package of it.
    """
    for mark in item.iter_markers("toolchain"):
        (command,) = mark.args
        if shutil.which(command) is None:
            if mark.kwargs.get("optional"):
                pytest.skip(f"{command} is missing: install its package")
            pytest.fail(f"{command} is missing: `make test` installs it; `-m 'not toolchain'` leaves such tests out")
