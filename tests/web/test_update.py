"""A new version of the client waits for a click, and then replaces the old one in every tab."""

from pathlib import Path

from playwright.async_api import Browser, Locator, expect

from mesh.edge.settings import WEB_DIST
from tests.e2e.mesh import running_mesh
from tests.waiting import eventually
from tests.web.people import People, account
from tests.web.release import Release
from tests.web.screen import Screen

_VERSION = "document.documentElement.dataset.version ?? '1'"


async def test_a_new_version_waits_for_a_click_and_then_loads_in_every_tab(
    client: None, browser: Browser, tmp_path: Path
) -> None:
    release = Release(WEB_DIST, tmp_path / "dist")
    async with running_mesh(tmp_path / "mesh", CHATLY_WEB_DIR=str(release.folder)) as mesh:
        people = People(mesh.url, browser)
        ann, other = await two_tabs(people)

        release.replace()
        await eventually(lambda: is_offered(ann), "the new version is offered", seconds=60)
        await expect(banner(other)).to_be_visible()
        # Open pages keep the files of their version, also those that they have not loaded yet.
        await ann.send("Written in the old one")
        await expect(ann.tick("Written in the old one")).to_be_visible()
        await ann.open_settings("Appearance")
        assert [await tab.page.evaluate(_VERSION) for tab in (ann, other)] == ["1", "1"]
        await ann.close_dialog()
        await banner(other).get_by_role("button", name="Reload").click()

        for tab in (ann, other):
            await expect(tab.page.locator("html")).to_have_attribute("data-version", "2")
            await expect(tab.chat_row("Notes")).to_contain_text("Written in the old one")
            await expect(banner(tab)).to_have_count(0)
        await people.leave()
        assert people.errors == []


async def two_tabs(people: People) -> tuple[Screen, Screen]:
    """Open two tabs of one browser, both loaded from the service worker's cache."""
    ann = await people.visitor(service_worker=True)
    await ann.register(account("ann"))
    await ann.create_group("Notes", [])
    await ann.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await ann.page.reload()
    other = Screen(await ann.browser.new_page())
    await other.page.goto("/")
    for tab in (ann, other):
        await tab.chat_row("Notes").wait_for()
        await tab.page.wait_for_function("navigator.serviceWorker.controller !== null")
    return ann, other


def banner(screen: Screen) -> Locator:
    return screen.page.get_by_role("status").filter(has_text="A new version of Chatly is available.")


async def is_offered(screen: Screen) -> bool:
    """Return to the tab, which then checks for a newer version; return whether it is offered."""
    await screen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    return await banner(screen).is_visible()
