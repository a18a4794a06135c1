"""Pages to measure in: a browser, and users whose pages contain the probe."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from tests.e2e.people import PASSWORD, Person
from tests.web.people import FLAGS
from tests.web.screen import Account, Screen

_ROOT = Path(__file__).parents[2]
_PROBE = Path(__file__).parent / "probe.js"


def build() -> None:
    """The client built from this tree."""
    subprocess.run([_ROOT / "scripts/web.sh"], check=True)  # noqa: S603 - our own script


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, "--js-flags=--expose-gc"]
        )


def account_of(person: Person) -> Account:
    """Credentials of a program's user, for a page."""
    return Account(person.username, person.email, PASSWORD)


async def probed(screen: Screen) -> Screen:
    """Load the same page again with the probe in it."""
    await screen.page.add_init_script(path=_PROBE)
    await screen.page.reload()
    await screen.chats.wait_for()
    return screen


def percentiles(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)], "all": ordered}
