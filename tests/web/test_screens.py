"""Every screen on desktop and phone, light and dark: it is accessible, and gets a screenshot."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import Mesh
from tests.web import tour
from tests.web.axe import violations
from tests.web.files import hills
from tests.web.people import DESKTOP, PHONE, People
from tests.web.screen import Size

SCREENSHOTS = Path(__file__).parents[2] / ".cache/screenshots"
SIZES = {"desktop": DESKTOP, "phone": PHONE}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo_data(mesh: Mesh) -> None:
    """Fill the mesh with the conversations of the demo."""
    demo = await chatly(mesh.environ, "seed-demo")
    assert demo.exit_code == 0, demo.output


class Inspection:
    """Checks screens. `violations` name the screen, the theme and the element."""

    def __init__(self, page: Page, kind: str) -> None:
        self._page = page
        self._kind = kind
        self.seen: list[str] = []
        self.violations: list[str] = []

    async def check(self, screens: AsyncIterator[str]) -> None:
        async for name in screens:
            self.seen.append(name)
            await self._check_screen(name, "dark")
            await self._check_screen(name, "light")

    async def _check_screen(self, name: str, theme: Literal["light", "dark"]) -> None:
        await self._page.emulate_media(color_scheme=theme)
        await expect(self._page.locator("html")).to_have_attribute("data-theme", theme)
        file_name = f"{self._kind}-{theme}-{name.replace(' ', '-')}.png"
        await self._page.screenshot(path=SCREENSHOTS / file_name, animations="disabled", caret="hide")
        found = await violations(self._page, colours_only=theme == "dark")
        self.violations += [f"{name} ({self._kind}, {theme}): {violation}" for violation in found]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", SIZES)
async def test_every_screen_is_accessible(people: People, demo_data: None, kind: str, tmp_path: Path) -> None:
    size: Size = SIZES[kind]
    screen = await people.visitor(size=size)
    inspection = Inspection(screen.page, kind)
    photo = hills(tmp_path / "hills.jpg")

    await inspection.check(tour.login(screen))
    await screen.log_in(tour.MAYA)
    await inspection.check(tour.chats(screen))
    await inspection.check(tour.composer(screen, photo))
    await inspection.check(tour.search(screen))
    await inspection.check(tour.details(screen))
    if size.is_phone:
        await screen.page.get_by_role("button", name="Back").click()
    await inspection.check(tour.dialogs(screen))

    assert len(inspection.seen) == len(set(inspection.seen)) > 20
    assert not inspection.violations, "\n".join(inspection.violations)
