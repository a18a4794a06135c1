"""Fixtures: the built web client in a real Chromium, through the real Envoy, against one mesh per session.

Every test is a coroutine on the session's event loop, like the browser. Each person has a browser context: cookies,
storage and tabs are as separate as on different machines.
"""

import shutil
import subprocess
from collections.abc import AsyncIterator
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.mesh import Mesh, running_mesh
from tests.web.people import CHROMIUM, FLAGS, TIMEOUT_MS, People

_ROOT = Path(__file__).parents[2]
_BUILD_SECONDS = 240
_TEST_SECONDS = 180
"""Without the fixtures: the first test also waits for the build and for the mesh, which have their own limits."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and isinstance(item, pytest.Function) and iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.toolchain(CHROMIUM))
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(_TEST_SECONDS, func_only=True))


@pytest.fixture(scope="session")
def client() -> None:
    """Build the web client of this tree."""
    subprocess.run([_ROOT / "scripts/web.sh"], check=True, timeout=_BUILD_SECONDS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mesh(client: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    """The mesh that all tests of the session share; do not stop it."""
    # Messaging caches blocks for a short time; a test that blocks someone would have to wait.
    async with running_mesh(tmp_path_factory.mktemp("mesh"), CHATLY_MESSAGING_BLOCKS_SECONDS="0") as mesh:
        yield mesh
        assert "Traceback" not in mesh.output(), mesh.output()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=TIMEOUT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def people(mesh: Mesh, browser: Browser) -> AsyncIterator[People]:
    """Creates the people of one test. Errors in their pages fail the test."""
    people = People(mesh.url, browser)
    yield people
    await people.leave()
    assert people.errors == []
