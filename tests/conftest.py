"""What every test may rely on. Fixtures of one room live in that room's conftest."""

import shutil

import pytest
from hypothesis import HealthCheck, settings

from kernel.telemetry.logs import configure_logs

pytest_plugins = ["tests.engines.running", "tests.engines.secured", "tests.e2e.real_engines", "tests.spread"]

# How long an example takes depends on what else the machine does; no test asserts a time.
settings.register_profile("chatly", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chatly")


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Logs as in production, shown for failed tests."""
    configure_logs(style="pretty", level="info")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked with `toolchain("go")` fails, and is never silently skipped, where that command is missing."""
    for mark in item.iter_markers("toolchain"):
        (command,) = mark.args
        if shutil.which(command) is None:
            pytest.fail(f"{command} is missing: `make test` installs it; `-m 'not toolchain'` leaves such tests out")
